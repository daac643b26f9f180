"""The ledger's seals: one growing Merkle log with signed heads, proofs out of it, and its verification."""
