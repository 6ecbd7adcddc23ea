//! Publicly known factory passwords, compared as keyed digests: the clear text of what devices
//! send is never at hand.

use std::collections::HashMap;

use cordon_model::{Credential, Scheme, SecretDigest, SecretKey};

/// A pair that a maker ships, or that malware tries because makers shipped it.
pub(crate) struct Factory {
    /// Account; empty for communities and controller passwords.
    pub user: &'static str,
    secret: &'static str,
    /// Where it comes from, in plain words.
    pub of: &'static str,
}

/// The table, ready for one run's key.
pub(crate) struct FactoryTable {
    rows: HashMap<SecretDigest, &'static Factory>,
    communities: HashMap<SecretDigest, &'static Factory>,
}

impl FactoryTable {
    /// Hashes every row under `key`.
    pub(crate) fn new(key: &SecretKey) -> Self {
        let hashed = |rows: &'static [Factory]| {
            rows.iter()
                .map(|row| (key.digest(row.user.as_bytes(), row.secret.as_bytes()), row))
                .collect()
        };
        FactoryTable { rows: hashed(PASSWORDS), communities: hashed(COMMUNITIES) }
    }

    /// The factory pair that a credential is, if it is one.
    pub(crate) fn find(&self, credential: &Credential) -> Option<&'static Factory> {
        let table = match credential.scheme {
            Scheme::SnmpCommunity => &self.communities,
            _ => &self.rows,
        };
        table.get(&credential.digest).copied()
    }
}

macro_rules! pairs {
    ($($user:literal $secret:literal $of:literal,)*) => {
        &[$(Factory { user: $user, secret: $secret, of: $of },)*]
    };
}

static COMMUNITIES: &[Factory] = pairs! {
    "" "public" "nearly every SNMP agent (read)",
    "" "private" "nearly every SNMP agent (read and write)",
    "" "admin" "several makers' agents",
    "" "community" "several makers' agents",
    "" "cisco" "Cisco examples",
    "" "ILMI" "old Cisco IOS (built in)",
    "" "cable-docsis" "old Cisco cable equipment (built in)",
    "" "OrigEquipMfr" "Brocade and others (write)",
    "" "snmpd" "several makers' agents",
    "" "secret" "several makers' agents",
    "" "security" "several makers' agents",
    "" "manager" "several makers' agents",
    "" "monitor" "several makers' agents",
    "" "write" "several makers' agents",
    "" "read" "several makers' agents",
    "" "default" "several makers' agents",
    "" "internal" "HP JetDirect (built in)",
    "" "tivoli" "management software examples",
    "" "openview" "management software examples",
    "" "SNMP_trap" "several makers' agents",
    "" "0392a0" "old cable modems",
    "" "rmon" "several makers' agents",
    "" "netman" "several makers' agents",
};

static PASSWORDS: &[Factory] = pairs! {
    // Any maker.
    "admin" "admin" "many makers' routers, cameras, meters and controllers",
    "admin" "" "many makers, among them D-Link, MikroTik, Foscam and Moxa",
    "admin" "password" "NETGEAR and many other makers",
    "admin" "1234" "ZyXEL and many other makers",
    "admin" "12345" "Hikvision, Panasonic and other cameras",
    "admin" "123456" "ACTi, Toshiba and other makers",
    "admin" "12345678" "several makers",
    "admin" "123456789" "Solis inverters and other makers",
    "admin" "admin123" "several makers of recorders",
    "admin" "admin1234" "several makers of recorders",
    "admin" "Admin123" "Huawei and other makers",
    "admin" "pass" "several makers",
    "admin" "default" "several makers",
    "admin" "changeme" "several makers",
    "admin" "secret" "several makers",
    "admin" "system" "several makers",
    "admin" "user" "several makers",
    "admin" "root" "several makers",
    "admin" "0000" "several makers",
    "admin" "000000" "Lorex and other recorders",
    "admin" "1111" "Xerox printers and other makers",
    "admin" "111111" "several makers of cameras",
    "admin" "1111111" "Samsung cameras",
    "admin" "4321" "Samsung and Hanwha cameras",
    "admin" "54321" "several makers of cameras",
    "admin" "888888" "Dahua and other recorders",
    "admin" "9999" "several makers of cameras",
    "Admin" "Admin" "Kyocera printers and other makers",
    "Admin" "123456" "ACTi cameras",
    "Admin" "1234" "several makers",
    "ADMIN" "ADMIN" "Supermicro server management",
    "administrator" "1234" "several makers",
    "administrator" "administrator" "several makers",
    "Administrator" "" "Technicolor routers and other makers",
    "Administrator" "admin" "several makers",
    "Administrator" "password" "several makers",
    "Administrator" "1" "Beckhoff controllers",
    "admin1" "password" "Panasonic cameras",
    "" "admin" "Linksys and other routers",
    "" "password" "several makers",
    "" "1234" "several makers",
    "root" "" "Vivotek cameras, OpenWrt and many embedded systems",
    "root" "root" "many embedded systems",
    "root" "admin" "DD-WRT, Huawei and many embedded systems",
    "root" "pass" "Axis cameras",
    "root" "password" "many embedded systems",
    "root" "1234" "Armbian and many embedded systems",
    "root" "12345" "many embedded systems",
    "root" "123456" "many embedded systems",
    "root" "1111" "many embedded systems",
    "root" "54321" "many embedded systems",
    "root" "666666" "Dahua recorders",
    "root" "888888" "Dahua recorders",
    "root" "00000000" "Panasonic printers",
    "root" "default" "many embedded systems",
    "root" "system" "IQinVision cameras",
    "root" "user" "many embedded systems",
    "root" "changeme" "Sun server management and other makers",
    "root" "toor" "security distributions",
    "user" "user" "many makers",
    "user" "1234" "several makers",
    "user" "password" "several makers",
    "user" "public" "Hirschmann switches",
    "user" "00000a" "Huawei inverters",
    "guest" "guest" "many makers, RabbitMQ brokers",
    "guest" "12345" "several makers of cameras",
    "guest" "1" "Beckhoff controllers",
    "guest" "" "several makers",
    "support" "support" "many providers' routers",
    "service" "service" "Bosch cameras and other makers",
    "supervisor" "supervisor" "several makers",
    "tech" "tech" "several makers",
    "operator" "operator" "several makers",
    "manager" "manager" "several makers",
    "test" "test" "many embedded systems",
    "default" "default" "several makers",
    "default" "" "several makers of cameras",
    "ftp" "ftp" "several makers",
    "666666" "666666" "Dahua recorders",
    "888888" "888888" "Dahua recorders",
    // Cameras and recorders.
    "root" "xc3511" "XiongMai cameras and recorders (Mirai)",
    "root" "xmhdipc" "XiongMai cameras (Mirai)",
    "root" "vizxv" "Dahua cameras (Mirai)",
    "root" "7ujMko0vizxv" "Dahua cameras (Mirai)",
    "root" "7ujMko0admin" "Dahua cameras (Mirai)",
    "admin" "7ujMko0admin" "Dahua cameras (Mirai)",
    "root" "juantech" "Guangzhou Juan recorders (Mirai)",
    "root" "klv123" "HiSilicon cameras (Mirai)",
    "root" "klv1234" "HiSilicon cameras (Mirai)",
    "root" "hi3518" "HiSilicon cameras (Mirai)",
    "root" "jvbzd" "HiSilicon cameras (Mirai)",
    "root" "anko" "Anko recorders (Mirai)",
    "root" "zlxx." "EV ZLX speakers (Mirai)",
    "root" "ikwb" "Toshiba cameras (Mirai)",
    "root" "cat1029" "HiSilicon recorders",
    "root" "hunt5759" "recorders of several brands",
    "root" "ivdev" "cameras of several brands",
    "root" "gm8182" "Grain Media recorders",
    "root" "hslwificam" "Wi-Fi cameras of several brands",
    "root" "ipcam_rt5350" "Wi-Fi cameras of several brands",
    "admin" "ipcam_rt5350" "Wi-Fi cameras of several brands",
    "root" "tsgoingon" "recorders of several brands",
    "root" "founder88" "cameras of several brands",
    "root" "icatch99" "LILIN recorders",
    "report" "8Jg0SR8K50" "LILIN recorders",
    "admin" "tlJwpbo6" "HiSilicon recorders",
    "default" "tluafed" "HiSilicon recorders",
    "default" "OxhlwSG8" "HiSilicon cameras",
    "default" "S2fGqNFs" "HiSilicon cameras",
    "hikvision" "hikvision" "Hikvision recorders",
    "vstarcam2015" "20150602" "VStarcam cameras",
    "admin" "meinsm" "Mobotix cameras",
    "admin" "fliradmin" "FLIR cameras",
    "admin" "wbox123" "W Box cameras",
    "admin" "jvc" "JVC cameras",
    "admin" "camera" "several makers of cameras",
    "live" "live" "Bosch cameras",
    "ubnt" "ubnt" "Ubiquiti radios and cameras",
    // Routers, modems, switches.
    "root" "Zte521" "ZTE modems (Mirai)",
    "root" "zte9x15" "ZTE modems",
    "zte" "zte" "ZTE modems",
    "root" "realtek" "Realtek-based routers (Mirai)",
    "root" "oelinux123" "mobile modems",
    "root" "adminHW" "Huawei modems",
    "telecomadmin" "admintelecom" "Huawei modems",
    "telnetadmin" "telnetadmin" "providers' modems",
    "e8ehome" "e8ehome" "providers' modems",
    "e8telnet" "e8telnet" "providers' modems",
    "admin" "smcadmin" "SMC routers (Mirai)",
    "admin" "motorola" "Motorola modems",
    "admin" "epicrouter" "Conexant-based routers",
    "admin" "conexant" "Conexant-based routers",
    "admin" "zhone" "Zhone modems",
    "admin" "airlive" "AirLive devices",
    "admin" "superonline" "Huawei modems of one provider",
    "admin" "aquario" "Aquario routers",
    "root" "Fireitup" "Tenda routers",
    "Gearguy" "Geardog" "NETGEAR routers",
    "super" "sp-admin" "Ruckus access points",
    "cisco" "cisco" "Cisco devices",
    "Cisco" "Cisco" "Cisco access points",
    "admin" "cisco" "Cisco small-business devices",
    "netscreen" "netscreen" "Juniper NetScreen firewalls",
    "zyfwp" "PrOw!aN_fXp" "ZyXEL firewalls (CVE-2020-29583)",
    "Alphanetworks" "wrgg19_c_dlwbr_dir300" "D-Link routers (built in)",
    "root" "dreambox" "Dreambox receivers (Mirai)",
    // Servers, storage, power.
    "root" "calvin" "Dell iDRAC",
    "USERID" "PASSW0RD" "IBM and Lenovo server management",
    "apc" "apc" "APC power supplies",
    "device" "apc" "APC power supplies",
    "readonly" "apc" "APC power supplies",
    "admin" "raritan" "Raritan power strips",
    "localadmin" "localadmin" "Tripp Lite power supplies",
    "Liebert" "Liebert" "Liebert power supplies",
    "admn" "admn" "Server Technology power strips",
    "cyber" "cyber" "CyberPower power supplies",
    "sysadmin" "PASS" "Lantronix device servers",
    "root" "dbps" "Digi device servers",
    "admin" "moxa" "Moxa device servers",
    // Printers and phones.
    "ADMIN" "canon" "Canon printers",
    "admin" "1234567812345678" "Konica Minolta printers",
    "admin" "access" "Brother printers",
    "admin" "initpass" "Brother printers",
    "admin" "aaaaaa" "OKI printers",
    "Polycom" "456" "Polycom phones",
    "PlcmSpIp" "PlcmSpIp" "Polycom phones",
    "admin" "22222" "Aastra and Mitel phones",
    // Plants, buildings, energy.
    "USER" "USER" "Schneider Electric controllers",
    "sysdiag" "factorycast@schneider" "Schneider Electric Modicon modules (built in)",
    "fwupgrade" "blender" "Schneider Electric Modicon modules (built in)",
    "pcfactory" "pcfactory" "Schneider Electric Modicon modules (built in)",
    "loader" "fwdownload" "Schneider Electric Modicon modules (built in)",
    "ntpupdate" "ntpupdate" "Schneider Electric Modicon modules (built in)",
    "nic2212" "poiuypoiuy" "Schneider Electric Modicon modules (built in)",
    "test" "testingpw" "Schneider Electric Modicon modules (built in)",
    "admin" "wago" "WAGO controllers",
    "root" "wago" "WAGO controllers",
    "su" "ko2003wa" "WAGO controllers",
    "admin" "private" "Hirschmann switches, Phoenix Contact devices",
    "admin" "westermo" "Westermo switches",
    "httpadmin" "fadmin" "Carel pCOWeb",
    "root" "froot" "Carel pCOWeb",
    "carel" "fcarel" "Carel pCOWeb",
    "guest" "fguest" "Carel pCOWeb",
    "pvserver" "pvwr" "Kostal inverters",
    "admin" "pw8888" "Sungrow inverters",
    "installer" "00000a" "Huawei inverters",
    "root" "t0talc0ntr0l4!" "Control4 controllers",
    // Hospitals.
    "museadmin" "Muse!Admin" "GE cardiology servers",
    "insite" "2getin" "GE imaging",
    // Small computers, brokers, platforms.
    "pi" "raspberry" "Raspberry Pi OS before 2022",
    "ubuntu" "ubuntu" "Ubuntu images",
    "debian" "temppwd" "BeagleBone images",
    "osmc" "osmc" "OSMC",
    "root" "openelec" "OpenELEC",
    "root" "libreelec" "LibreELEC",
    "root" "orangepi" "Orange Pi images",
    "orangepi" "orangepi" "Orange Pi images",
    "root" "odroid" "ODROID images",
    "root" "dietpi" "DietPi",
    "volumio" "volumio" "Volumio",
    "nvidia" "nvidia" "NVIDIA Jetson images",
    "root" "alpine" "jailbroken phones",
    "admin" "public" "EMQX brokers",
    "tenant@thingsboard.org" "tenant" "ThingsBoard",
    "sysadmin@thingsboard.org" "sysadmin" "ThingsBoard",
    "mosquitto" "mosquitto" "Mosquitto examples",
    "mqtt" "mqtt" "MQTT examples",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pair_stands_twice_in_the_table() {
        let mut pairs: Vec<_> = PASSWORDS.iter().map(|row| (row.user, row.secret)).collect();
        assert!(pairs.len() >= 150, "{}", pairs.len());
        pairs.sort_unstable();
        if let Some([twice, _]) = pairs.windows(2).find(|pair| pair[0] == pair[1]) {
            panic!("{twice:?}");
        }
    }

    #[test]
    fn a_community_is_no_password_and_a_password_no_community() {
        let key = SecretKey::new([1; 32]);
        let table = FactoryTable::new(&key);
        let find = |scheme, user: &str, secret: &str| {
            table.find(&Credential::new(&key, scheme, user.as_bytes(), secret.as_bytes())).is_some()
        };
        assert!(find(Scheme::SnmpCommunity, "", "public"));
        assert!(!find(Scheme::HttpBasic, "", "public"));
        assert!(find(Scheme::Telnet, "root", "xc3511"));
        assert!(!find(Scheme::Telnet, "root", "Xc3511"));
    }
}
