"""Ways of showing that somebody was there in person, each of equal standing, and the proofs that they leave."""
