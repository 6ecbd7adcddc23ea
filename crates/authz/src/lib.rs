//! Who may do what: policies as text, decided per request.
