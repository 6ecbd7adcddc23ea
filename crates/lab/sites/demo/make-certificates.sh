#!/bin/sh
# Makes certificates.toml anew: certificates alone, their keys are thrown away.
# `openssl ca` and not `req -x509`, because only it takes both ends of the validity.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out="$here/certificates.toml"
cat > "$out" <<'TOML'
# Certificates that servers show. Made by make-certificates.sh; nobody has their keys.
TOML
cd "$work"
cat > ca.conf <<'CONF'
[ca]
default_ca = lab
[lab]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
email_in_dn = no
unique_subject = no
copy_extensions = copy
[any]
countryName = optional
stateOrProvinceName = optional
localityName = optional
organizationName = optional
organizationalUnitName = optional
commonName = supplied
CONF
: > index.txt

# name, bits (0 for P-256), key file, subject, alternative name, start, end, digest, issuer (empty: itself)
certificate() {
    name=$1 bits=$2 key=$3 subject=$4 alt=$5 start=$6 end=$7 digest=$8 issuer=${9:-}
    if [ ! -e "$key.key" ]; then
        if [ "$bits" = 0 ]; then
            openssl ecparam -name prime256v1 -genkey -noout -out "$key.key"
        else
            openssl genrsa -out "$key.key" "$bits" 2>/dev/null
        fi
    fi
    set --
    [ -z "$alt" ] || set -- -addext "subjectAltName=$alt"
    openssl req -new -key "$key.key" -subj "$subject" "$@" -out "$name.csr"
    if [ -z "$issuer" ]; then
        set -- -selfsign -keyfile "$key.key"
    else
        set -- -cert "$issuer.pem" -keyfile "$issuer.key"
    fi
    openssl ca -batch -config ca.conf -md "$digest" "$@" -startdate "$start" -enddate "$end" \
        -in "$name.csr" -out "$name.pem" -notext 2>/dev/null
    {
        printf '\n[[certificate]]\nname = "%s"\nbits = %s\nder = """\n' "$name" "$bits"
        openssl x509 -in "$name.pem" -outform der | base64 -w 96
        printf '"""\n'
    } >> "$out"
}

certificate root 2048 root "/C=CH/O=Clinic Trust/CN=Clinic Root CA" "" 20240101000000Z 20440101000000Z sha256
certificate web-root 0 web-root "/C=US/O=Example Trust Services/CN=Example Trust R4" "" 20220101000000Z 20360101000000Z sha256
certificate tplink-cloud 0 tplink-cloud "/CN=*.tplinkcloud.com" "DNS:*.tplinkcloud.com" 20260901000000Z 20261130000000Z sha256 web-root
certificate hue-cloud 0 hue-cloud "/CN=ws.meethue.com" "DNS:ws.meethue.com" 20260901000000Z 20261130000000Z sha256 web-root
certificate alexa 0 alexa "/CN=avs-alexa-eu.amazon.com" "DNS:avs-alexa-eu.amazon.com" 20260901000000Z 20261130000000Z sha256 web-root
certificate windows-update 0 windows-update "/CN=*.delivery.mp.microsoft.com" "DNS:*.delivery.mp.microsoft.com" 20260901000000Z 20261130000000Z sha256 web-root
certificate moxa-cloud 0 moxa-cloud "/CN=telemetry.moxa-iiot.net" "DNS:telemetry.moxa-iiot.net" 20260901000000Z 20261130000000Z sha256 web-root
certificate ge-remote 0 ge-remote "/CN=insite.gehealthcare.com" "DNS:insite.gehealthcare.com" 20260901000000Z 20261130000000Z sha256 web-root
certificate server 2048 server "/C=CH/O=Clinic/CN=praxis-server.clinic.lan" "DNS:praxis-server.clinic.lan" 20260101000000Z 20271231000000Z sha256 root
certificate scada 2048 scada "/C=CH/O=Water Works/CN=scada.plant.lan" "DNS:scada.plant.lan" 20260101000000Z 20271231000000Z sha256 root
certificate nas-expired 2048 nas "/C=TW/L=Taipei/O=Synology Inc./CN=synology" "DNS:synology" 20190314000000Z 20200313000000Z sha256
certificate monitor-weak 1024 monitor "/C=NL/O=Philips Medical Systems/CN=IntelliVue MX450" "" 20120101000000Z 20320101000000Z sha1
certificate camera-a 2048 camera "/C=CN/ST=ZJ/L=HZ/O=embeddedsoftware/CN=DS-2CD2142FWD-A" "" 20180101000000Z 20380101000000Z sha256
certificate camera-b 2048 camera "/C=CN/ST=ZJ/L=HZ/O=embeddedsoftware/CN=DS-2CD2042WD-B" "" 20180101000000Z 20380101000000Z sha256
certificate gateway-self 2048 moxa "/C=TW/O=Moxa Inc./CN=NPort 5150A" "" 20250101000000Z 20350101000000Z sha256
certificate hvac-self 2048 hvac "/C=US/O=Johnson Controls/CN=NAE-Filterhall" "" 20150601000000Z 20350601000000Z sha256
