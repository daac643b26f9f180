"""Ways of showing presence, as phones go them."""
