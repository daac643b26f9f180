"""What terminals of other makers speak, one room each: pure translators, and thin routes or a bridge in front."""
