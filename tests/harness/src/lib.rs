//! Starts and stops the servers that the tests talk to.
