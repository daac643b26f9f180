"""Face terminals that speak MQTT: pure translation, logins of the broker, and the bridge to the ledger."""
