"""The platform's server: identity, sites, ledger, gates and person-days behind one REST API."""
