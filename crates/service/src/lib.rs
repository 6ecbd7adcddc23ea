//! The service: one running site, from packets to pages.
