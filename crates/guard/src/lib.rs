//! What the process gives up before it reads the first packet.
