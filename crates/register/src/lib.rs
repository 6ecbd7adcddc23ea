//! The register: devices over time, with what people said about them.
