//! People: how they enrol, sign in, and what they hold.
