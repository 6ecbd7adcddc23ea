//! The certificate that the service shows, and how it speaks TLS.
