//! Software that a banner proves to be outdated: product, versions, and the public reference that
//! says so. A row stands here only where the reference names these versions.

use cordon_model::Severity::{self, Critical, High, Low, Medium};

use crate::software::Source::{
    self, Agent, Dhcp, DnsVersion, Ftp, Http, Rtsp, Snmp, Ssdp, Ssh, System, Telnet,
};

/// A version: up to four numbers; a letter behind the last number counts as a number.
pub(crate) type Version = [u32; 4];

/// A row: versions from `from` up to, but without, `below`.
pub(crate) struct Outdated {
    pub product: &'static str,
    /// What stands before the version, in lower case.
    pub needle: &'static str,
    pub sources: &'static [Source],
    pub from: Version,
    /// None where any version, or none, is outdated.
    pub below: Option<Version>,
    pub severity: Severity,
    pub why: &'static str,
}

macro_rules! outdated {
    ($($product:literal $needle:literal [$($source:ident),*] $from:tt $below:tt $severity:ident $why:literal,)*) => {
        &[$(Outdated {
            product: $product,
            needle: $needle,
            sources: &[$($source),*],
            from: version!($from),
            below: bound!($below),
            severity: $severity,
            why: $why,
        },)*]
    };
}

macro_rules! version {
    ((from start)) => {
        [0, 0, 0, 0]
    };
    (($a:literal)) => {
        [$a, 0, 0, 0]
    };
    (($a:literal $b:literal)) => {
        [$a, $b, 0, 0]
    };
    (($a:literal $b:literal $c:literal)) => {
        [$a, $b, $c, 0]
    };
    (($a:literal $b:literal $c:literal $d:literal)) => {
        [$a, $b, $c, $d]
    };
}

macro_rules! bound {
    ((any)) => {
        None
    };
    ($version:tt) => {
        Some(version!($version))
    };
}

/// The rows; of one product the first that fits counts.
pub(crate) static OUTDATED: &[Outdated] = outdated! {
    // Remote login.
    "OpenSSH" "openssh_" [Ssh] (from start) (4 4) High
        "OpenSSH before 4.4 can be made to run code or crash before login (CVE-2006-5051).",
    "OpenSSH" "openssh_" [Ssh] (from start) (7 4) Medium
        "OpenSSH before 7.4 has several known holes, among them CVE-2016-10009 and CVE-2016-10012.",
    "OpenSSH" "openssh_" [Ssh] (from start) (7 8) Low
        "OpenSSH before 7.8 tells which accounts exist (CVE-2018-15473).",
    "OpenSSH" "openssh_" [Ssh] (8 5) (9 8) Medium
        "OpenSSH 8.5 to 9.7 may let outsiders in as root (regreSSHion, CVE-2024-6387).",
    "Dropbear SSH" "dropbear_0." [Ssh] (from start) (any) High
        "Dropbear 0.x is older than 2011 and has known holes (CVE-2012-0920, CVE-2013-4421).",
    "Dropbear SSH" "dropbear_" [Ssh] (from start) (2016 74) High
        "Dropbear before 2016.74 can be made to run code (CVE-2016-7406).",
    "Dropbear SSH" "dropbear_" [Ssh] (from start) (2017 75) Medium
        "Dropbear before 2017.75 has known holes (CVE-2017-9078, CVE-2017-9079).",
    "Dropbear SSH" "dropbear_" [Ssh] (from start) (2022 82) Low
        "Dropbear before 2022.82 has a known hole (CVE-2021-36369).",
    "libssh" "libssh" [Ssh] (0 6) (0 7 6) Critical
        "libssh servers before 0.7.6 let anybody in without a password (CVE-2018-10933).",
    "libssh" "libssh" [Ssh] (0 8) (0 8 4) Critical
        "libssh servers before 0.8.4 let anybody in without a password (CVE-2018-10933).",
    "Erlang/OTP SSH" "erlang/" [Ssh] (5 2) (5 2 10) Critical
        "This Erlang/OTP SSH server runs commands before login (CVE-2025-32433).",
    "Erlang/OTP SSH" "erlang/" [Ssh] (5) (5 1 4 8) Critical
        "This Erlang/OTP SSH server runs commands before login (CVE-2025-32433).",
    "Erlang/OTP SSH" "erlang/" [Ssh] (from start) (4 15 3 12) Critical
        "This Erlang/OTP SSH server runs commands before login (CVE-2025-32433).",
    // Web servers.
    "Apache httpd" "apache/" [Http] (2 4 49) (2 4 51) Critical
        "Apache 2.4.49 and 2.4.50 hand out files and may run code (CVE-2021-41773, CVE-2021-42013).",
    "Apache httpd" "apache/" [Http, Ssdp] (from start) (2 4) High
        "Apache 2.2 and older have had no updates since 2018.",
    "Apache httpd" "apache/" [Http] (from start) (2 4 52) Low
        "Apache before 2.4.52 has known holes, among them CVE-2021-44790.",
    "nginx" "nginx/" [Http] (1 3 9) (1 4 1) High
        "nginx 1.3.9 to 1.4.0 can be made to run code (CVE-2013-2028).",
    "nginx" "nginx/" [Http] (from start) (1 20 1) Low
        "nginx before 1.20.1 has a hole in its resolver (CVE-2021-23017).",
    "lighttpd" "lighttpd/" [Http] (from start) (1 4 50) Medium
        "lighttpd before 1.4.50 may hand out files outside its folder (CVE-2018-19052).",
    "Boa" "boa/" [Http] (from start) (any) High
        "The Boa web server was given up in 2005 and has known holes (CVE-2017-9833, CVE-2021-33558).",
    "GoAhead" "goahead-webs" [Http] (from start) (any) Medium
        "GoAhead-Webs is the 2.x line, which gets no updates; later versions before 3.6.5 fell to CVE-2017-17562.",
    "GoAhead" "goahead/" [Http] (from start) (3 6 5) High
        "GoAhead before 3.6.5 can be made to run code (CVE-2017-17562).",
    "thttpd" "thttpd/" [Http] (from start) (2 26) Medium
        "thttpd 2.25b is of 2003 and has known holes (CVE-2009-4491).",
    "mini_httpd" "mini_httpd/" [Http] (from start) (1 30) High
        "mini_httpd before 1.30 hands out any file (CVE-2018-18778).",
    "RomPager" "rompager/" [Http] (from start) (4 34) Critical
        "RomPager before 4.34 can be taken over with one cookie (Misfortune Cookie, CVE-2014-9222).",
    "Appweb" "appweb/" [Http] (from start) (7 0 3) High
        "Appweb before 7.0.3 lets callers pass its login (CVE-2018-8715).",
    "uc-httpd" "uc-httpd" [Http] (from start) (1 0 1) High
        "uc-httpd 1.0.0 of XiongMai devices hands out any file and overflows (CVE-2017-7577, CVE-2018-10088).",
    "JAWS" "jaws/1.0" [Http] (from start) (any) Critical
        "The JAWS server of MVPower recorders runs commands without login (CVE-2016-20016).",
    "Internet Information Services" "microsoft-iis/" [Http] (from start) (7) Critical
        "IIS 6.0 and older belong to Windows 2003 and before; they can be taken over (CVE-2017-7269) and get no updates.",
    "Internet Information Services" "microsoft-iis/" [Http] (7) (8) High
        "IIS 7.0 and 7.5 belong to Windows 2008, without updates since January 2020.",
    "Internet Information Services" "microsoft-iis/" [Http] (8) (10) Medium
        "IIS 8.0 and 8.5 belong to Windows 2012, without regular updates since October 2023.",
    "Jetty" "jetty" [Http] (1) (9 4) Medium
        "Jetty before 9.4 gets no updates.",
    "CUPS" "cups/" [Http] (from start) (2 0 3) Medium
        "CUPS before 2.0.3 can be taken over by a print job (CVE-2015-1158).",
    "Python" "python/2." [Http] (from start) (any) Low
        "Python 2 has had no updates since January 2020.",
    "PHP" "php/" [Http] (from start) (7) High
        "PHP 5 has had no updates since January 2019.",
    "PHP" "php/" [Http] (7) (8) Medium
        "PHP 7 has had no updates since November 2022.",
    "OpenSSL" "openssl/" [Http] (1 0 1) (1 0 1 7) Critical
        "OpenSSL 1.0.1 to 1.0.1f gives away its memory, keys included (Heartbleed, CVE-2014-0160).",
    "OpenSSL" "openssl/" [Http] (from start) (1 1) Medium
        "OpenSSL 1.0.2 and older have had no public updates since January 2020.",
    "OpenSSL" "openssl/" [Http] (1 1) (3) Low
        "OpenSSL 1.1 has had no public updates since September 2023.",
    // UPnP.
    "Portable SDK for UPnP devices" "portable sdk for upnp devices/" [Http, Ssdp] (from start) (1 6 18) Critical
        "libupnp before 1.6.18 can be taken over with one packet (CVE-2012-5958).",
    "Portable SDK for UPnP devices" "portable sdk for upnp devices/" [Http, Ssdp] (from start) (1 6 21) High
        "libupnp before 1.6.21 lets callers write files and overflows (CVE-2016-6255, CVE-2016-8863).",
    "Portable SDK for UPnP devices" "portable sdk for upnp devices/" [Http, Ssdp] (from start) (1 12 2) Low
        "libupnp up to 1.12.1 can be crashed with one packet (CVE-2020-13848).",
    "Intel SDK for UPnP devices" "intel sdk for upnp devices" [Http, Ssdp] (from start) (any) High
        "The Intel SDK is the forerunner of libupnp and shares its hole CVE-2012-5958.",
    "MiniUPnPd" "miniupnpd/" [Http, Ssdp] (from start) (1 1) Critical
        "MiniUPnPd 1.0 can be taken over with one request (CVE-2013-0230).",
    "MiniUPnPd" "miniupnpd/" [Http, Ssdp] (from start) (1 4) High
        "MiniUPnPd before 1.4 can be crashed with one packet (CVE-2013-0229).",
    "MiniUPnPd" "miniupnpd/" [Http, Ssdp] (from start) (2 1 1) Medium
        "MiniUPnPd up to 2.1 can be crashed and leaks memory (CVE-2019-12107).",
    "Realtek SDK" "realtek/v1." [Http, Ssdp] (from start) (any) High
        "The UPnP service of the Realtek SDK runs commands of callers (CVE-2014-8361).",
    "Linux kernel" "linux/2." [Ssdp, Http] (from start) (any) Medium
        "Linux 2.6 and older have had no updates since 2016.",
    "Linux kernel" "linux/3." [Ssdp, Http] (from start) (any) Low
        "No Linux 3.x kernel gets public updates since 2020.",
    // Cameras.
    "LIVE555" "live555 streaming media v" [Rtsp] (from start) (2018 10 17) High
        "LIVE555 before 2018.10.17 can be taken over with one request (CVE-2018-4013).",
    // File transfer.
    "vsftpd" "vsftpd " [Ftp] (2 3 4) (2 3 5) Critical
        "Copies of vsftpd 2.3.4 were shipped with a back door (CVE-2011-2523).",
    "ProFTPD" "proftpd " [Ftp] (1 3 5) (1 3 5 1) Critical
        "ProFTPD 1.3.5 lets callers copy any file without login (CVE-2015-3306).",
    "ProFTPD" "proftpd " [Ftp] (from start) (1 3 6 1) Medium
        "ProFTPD up to 1.3.6 lets anonymous users copy files (CVE-2019-12815).",
    "Microsoft FTP" "microsoft ftp service (version " [Ftp] (from start) (7) High
        "This FTP service belongs to Windows 2003 or older, without updates.",
    "RouterOS" "mikrotik " [Ftp] (from start) (6 42 1) Critical
        "RouterOS before 6.42.1 gives its passwords to callers (CVE-2018-14847).",
    // Operating systems.
    "Windows" "windows nt " [Agent] (5) (6 2) High
        "Windows 7 and older get no updates.",
    "Windows" "windows nt " [Agent] (6 2) (10) Medium
        "Windows 8 and 8.1 have had no updates since January 2023.",
    "Windows" "microsoft-cryptoapi/" [Agent] (5) (6 2) High
        "Windows 7 and older get no updates.",
    "Windows" "microsoft-windows-nt/" [Ssdp, Agent] (5) (6 2) High
        "Windows XP and its relatives get no updates.",
    "Windows" "microsoft-windows/" [Ssdp, Http, Agent] (6) (6 2) High
        "Windows 7 and older get no updates.",
    "Windows" "windows 2000 version " [Snmp] (from start) (any) Critical
        "Windows 2000 and XP get no updates.",
    "Windows" "windows version " [Snmp] (from start) (6 2) High
        "Windows 7, Windows 2008 and older get no updates.",
    "Android" "android-dhcp-" [Dhcp] (1) (11) Medium
        "Android 10 and older have had no security updates since 2023.",
    "Android" "android " [Agent] (1) (9) Medium
        "Android 8 and older have had no security updates since 2021.",
    "BusyBox udhcp" "udhcp " [Dhcp] (from start) (1 25) Low
        "The DHCP client of BusyBox before 1.25 overflows (CVE-2016-2148).",
    "dhcpcd" "dhcpcd-" [Dhcp] (from start) (6 10) Low
        "dhcpcd before 6.10 overflows on hostile answers (CVE-2016-1503).",
    "dhcpcd" "dhcpcd " [Dhcp] (from start) (6 10) Low
        "dhcpcd before 6.10 overflows on hostile answers (CVE-2016-1503).",
    "BusyBox" "busybox v" [Telnet] (from start) (1 25) Medium
        "BusyBox before 1.25 has known holes (CVE-2016-2147, CVE-2016-2148).",
    "dnsmasq" "dnsmasq-" [DnsVersion] (from start) (2 78) Critical
        "dnsmasq before 2.78 can be taken over from the network (CVE-2017-14491).",
    "dnsmasq" "dnsmasq-" [DnsVersion] (from start) (2 83) High
        "dnsmasq before 2.83 takes forged answers and overflows (DNSpooq, CVE-2020-25681).",
    "VxWorks" "vxworks " [Snmp, System, Telnet] (6 5) (6 9 4) High
        "VxWorks 6.5 to 6.9.3 can be taken over with one packet (URGENT/11, CVE-2019-12255).",
    "VxWorks" "vxworks/" [Ssdp, Http] (6 5) (6 9 4) High
        "VxWorks 6.5 to 6.9.3 can be taken over with one packet (URGENT/11, CVE-2019-12255).",
    "Cisco IOS" "cisco ios software" [Snmp, System] (from start) (15) Medium
        "IOS 12 gets no updates; its cluster protocol fell to CVE-2017-3881.",
    "Cisco IOS" "internetwork operating system software" [Snmp, System] (from start) (15) Medium
        "IOS 12 and older get no updates.",
    "Linux kernel" "linux version 2." [Snmp] (from start) (any) Medium
        "Linux 2.6 and older have had no updates since 2016.",
};
