// The table of finding kinds: variant, name, severity on an ordinary device, title, why, fix.
finding_kinds! {
    DefaultCredential "default-credential" Critical
        "factory password in use"
        "The password is in every botnet's list; whoever reaches the device owns it."
        "Change the password now, then check the device for changes that nobody here made.",
    ClearTextCredential "clear-text-credential" High
        "password sent in clear text"
        "Whoever can listen on the path has the password."
        "Switch the service to its encrypted form (HTTPS, SSH, MQTT over TLS, SNMPv3), then change the password.",
}
