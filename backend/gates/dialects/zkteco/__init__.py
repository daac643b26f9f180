"""Terminals that push under `/iclock`: the attendance and the security protocol, told apart by each request's table."""
