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
    ClearTextLogin "clear-text-login" Medium
        "login page without encryption"
        "The next password typed into this page can be read and replayed by whoever listens on the path."
        "Serve the page over HTTPS only and switch plain HTTP off; until then, reach it from a management network alone.",
    TelnetService "telnet-service" High
        "Telnet service"
        "Telnet shows every keystroke to the path, and it is the first door that botnets try."
        "Switch Telnet off and use SSH; where the device has nothing else, block TCP 23 and 2323 to it from everywhere but one management host.",
    FtpService "ftp-service" Medium
        "FTP service without TLS"
        "Files and passwords cross the network readable and changeable."
        "Use SFTP or FTPS, or switch FTP off; until then, block TCP 21 to the device from other networks.",
    AnonymousFtp "anonymous-ftp" Medium
        "FTP open to anybody"
        "Whoever reaches the device can fetch its files, and perhaps store some."
        "Switch anonymous login off, or make the shared folder read-only and empty of anything private.",
    SnmpClearText "snmp-v1v2c" Medium
        "SNMP version 1 or 2c"
        "The community is a password without encryption, and answers can be forged."
        "Use SNMPv3 with authentication and privacy, switch versions 1 and 2c off, and limit UDP 161 to the management host.",
    SnmpWrite "snmp-write" High
        "settings changed over unprotected SNMP"
        "Whoever has overheard the community can change the device's settings in the same way."
        "Remove the read-write community and use SNMPv3 with privacy for changes.",
    OpenRtsp "open-rtsp" High
        "video stream without a password"
        "Whoever reaches the device can watch."
        "Require a login for RTSP in the device's settings, and allow TCP 554 only from the recorder.",
    OpenMqtt "open-mqtt" High
        "MQTT broker without login"
        "Whoever reaches the broker can read every reading and send every command."
        "Require user names or client certificates, restrict topics by access list, and listen with TLS (port 8883) only.",
    OpenCoap "open-coap" Medium
        "CoAP service without login"
        "Whoever reaches the device can read its resources, and answers can be forged."
        "Use DTLS (coaps, port 5684) or OSCORE; otherwise allow UDP 5683 only from the gateway that needs it.",
    UpnpPortMapping "upnp-port-mapping" Medium
        "UPnP port mapping"
        "Any device or malware inside can open a door from the Internet without asking anybody."
        "Switch UPnP port mapping off at the router, delete the mappings it holds, and forward by hand what must be reachable.",
    NtpControl "ntp-control" Low
        "NTP control queries answered"
        "Such answers tell about the device and can be used to flood others."
        "Refuse control and private queries (`restrict default noquery nopeer`), or block UDP 123 from outside.",
    NameBroadcast "name-broadcast" Info
        "names asked for by LLMNR"
        "Any machine on the segment can answer in place of the right one and collect login attempts."
        "Switch LLMNR off by policy and rely on DNS.",
    ObsoleteTls "obsolete-tls" Medium
        "obsolete TLS or SSL version"
        "SSL, TLS 1.0 and TLS 1.1 have known attacks and are withdrawn (RFC 7568, RFC 8996)."
        "Enable TLS 1.2 and 1.3 and switch the older versions off; update the firmware where it knows no newer one.",
    WeakCipherSuite "weak-cipher-suite" Medium
        "weak TLS cipher suite"
        "The suite can be broken, or shows old traffic to whoever gets the key later."
        "Allow only ECDHE suites with AES-GCM or ChaCha20-Poly1305, and TLS 1.3.",
    ExpiredCertificate "expired-certificate" Medium
        "certificate outside its validity"
        "Peers must refuse it, or have stopped checking and would accept a forged one as well."
        "Renew the certificate, set the device's clock, and set a reminder or automatic renewal.",
    ExpiringCertificate "expiring-certificate" Low
        "certificate expires within 30 days"
        "Peers that check will refuse the connection on that day."
        "Renew the certificate now and automate the next renewal.",
    WeakCertificate "weak-certificate" Medium
        "weak certificate"
        "A short key or an old signature can be forged."
        "Replace it by a certificate with an RSA key of 2048 bits or more (or P-256) and a SHA-256 signature.",
    SelfSignedCertificate "self-signed-certificate" Info
        "self-signed certificate"
        "Nobody vouches for it: people learn to click warnings away, and a forged one looks the same."
        "Install a certificate from your own authority, or pin this one where it is used.",
    SharedKey "shared-key" High
        "private key shared by several devices"
        "Whoever extracts the key from one device can pose as all of them and read what they say."
        "Make a new key on each device; if the maker built the key in, ask for an update and keep the devices apart.",
    WeakSsh "weak-ssh" Medium
        "weak SSH"
        "The protocol version or the only algorithms offered have known attacks."
        "Update the SSH server, or allow only curve25519 or group14-sha256 key exchange, AES-CTR/GCM or ChaCha20, and SHA-2 MACs.",
    WeakEap "weak-eap" Medium
        "weak 802.1X method"
        "The password can be guessed from what crosses the network, and the network does not prove who it is."
        "Use EAP-TLS with device certificates, or PEAP/TTLS with the server's certificate checked.",
    ClearTextData "clear-text-data" Medium
        "readings sent without encryption"
        "Whoever is on the path can read and change what is reported."
        "Use the encrypted form of the protocol, or carry it in a tunnel; keep it within one zone until then.",
    ClearTextCommand "clear-text-command" Medium
        "commands sent without encryption"
        "Whoever is on the path can read, repeat and forge what the device is told to do."
        "Use the encrypted form of the protocol with a login, and let only the controller reach the device.",
    ClearTextUpdate "clear-text-update" Low
        "software fetched without encryption"
        "Whoever is on the path can swap the file; whether its signature is checked cannot be seen from here."
        "Ask the maker for updates over HTTPS with signed images, or fetch the file yourself, check it, and install it by hand.",
    OutdatedSoftware "outdated-software" Medium
        "outdated software"
        "The version it tells of has publicly known holes or gets no more updates."
        "Install the maker's newest firmware; if there is none, put the device in a zone of its own and plan its replacement.",
    InternetContact "internet-contact" Info
        "talks to the Internet"
        "Each outside peer is a way out for data and a way in for commands."
        "Allow only the names the device needs and block the rest at the gateway.",
    InternetExposed "internet-exposed" High
        "answers the Internet"
        "Somebody outside opened the connection and the device answered; scanners find such doors within hours."
        "Remove the port forwarding or firewall rule, and reach the device through a VPN.",
    OddNameLookup "odd-name-lookup" Medium
        "looks up odd names"
        "Names like these are used by malware and by ways around a firewall, seldom by devices."
        "Find out which program asks; if nobody can say, take the device off the network and examine it.",
    OtExposed "ot-exposed" Critical
        "plant protocol with the Internet"
        "The protocol knows no login: whoever reaches the address controls the plant."
        "Block it at the gateway: nothing outside the plant's zone may speak it; put remote access behind a VPN with its own accounts.",
    OtWrite "ot-write" Medium
        "values written to a controller"
        "The protocol asks for no login, so any machine that reaches the controller can do the same."
        "Allow writes only from the stations that need them (firewall or protocol gateway), and ask about every other writer.",
    OtControl "ot-control" Medium
        "outputs of a controller commanded"
        "The protocol asks for no login, so any machine that reaches the controller can switch the same outputs."
        "Allow commands only from the control system (firewall or protocol gateway, DNP3 secure authentication where there is).",
    OtConfigure "ot-configure" Medium
        "configuration or clock of a controller changed"
        "A changed configuration or clock outlives the attack and is hard to see."
        "Allow configuration only from the engineering station during agreed windows, and compare with the stored project.",
    OtRestart "ot-restart" High
        "controller restarted or silenced"
        "A restart or a silenced controller leaves the process without control for that time."
        "Find out who did it and why; allow it only from the engineering station.",
    OtStop "ot-stop" High
        "controller started or stopped"
        "A stopped controller no longer controls its process."
        "Find out who did it and why; set the key switch to RUN and allow it only from the engineering station.",
    OtProgramTransfer "ot-program-transfer" High
        "program transferred to or from a controller"
        "A changed program changes the process, and a copied one tells how to."
        "Compare the program with the stored project; protect it by password and key switch, and allow transfers only from the engineering station.",
    OtFirmware "ot-firmware" High
        "firmware or files transferred to a controller"
        "Changed firmware survives every later repair of the program."
        "Check the installed version against the maker's; allow transfers only from the engineering station during agreed windows.",
    MudUrl "mud-url" Low
        "unsound MUD URL"
        "The device tells where its maker describes it; whoever writes that description says what the device may do. Over such a URL anybody can."
        "Take no MUD file from there: learn the device's contract instead, and ask its maker for an https URL (RFC 8520, section 6).",
    WifiOpen "wifi-open" High
        "Wi-Fi without encryption"
        "Everybody nearby can read what is sent and join the network."
        "Switch to WPA3 or WPA2-AES; for guests use OWE (Enhanced Open) and keep them in a network of their own.",
    WifiWep "wifi-wep" High
        "Wi-Fi with WEP"
        "WEP is broken within minutes from a parked car."
        "Switch to WPA3 or WPA2-AES with a new password; move things that know only WEP to a network of their own and replace them.",
    WifiTkip "wifi-tkip" Medium
        "Wi-Fi with WPA or TKIP"
        "TKIP is withdrawn and has known attacks; as group cipher it weakens every client."
        "Allow WPA2-AES (CCMP) or WPA3 only.",
    WifiWps "wifi-wps" Medium
        "Wi-Fi with WPS"
        "The eight-digit PIN falls in hours, on some chips at once, and gives away the password."
        "Switch WPS off, at least its PIN, at the access point.",
    WifiNoPmf "wifi-no-pmf" Low
        "Wi-Fi without protected management frames"
        "Anybody nearby can throw clients off the network, alarms and cameras included."
        "Set protected management frames (802.11w) to optional or required; WPA3 requires them.",
}
