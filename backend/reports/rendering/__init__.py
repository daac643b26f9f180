"""Turns frozen contents into web pages, workbooks and prints; nothing here computes a figure."""
