//! Keys, sealing and certificates: what the service knows that nobody else may.
