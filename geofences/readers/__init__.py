"""Files that people bring with a fence in them, turned into shapes; nothing here stores anything."""
