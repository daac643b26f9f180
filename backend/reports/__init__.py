"""What goes out of the ledger to people who decide: bulletins, registers, evidence packs, and their rendering."""
