#!/bin/sh
# Installs a package of cordon into a throw-away layer over this machine, uses it, removes and
# purges it, and says what is left. Needs root; changes nothing of the machine itself.
#
#     cargo deb -p cordon-cli --strip -o cordon.deb && packaging/try-deb.sh cordon.deb
set -eu

deb=$(readlink -f "$1")
if [ -z "${CORDON_TRY_LAYER:-}" ]; then
    exec unshare -m env CORDON_TRY_LAYER=1 "$0" "$deb"
fi

top=$(mktemp -d)
mount -t tmpfs none "$top"
mkdir "$top/upper" "$top/work" "$top/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" "$top/root"
for kernel in proc sys dev; do
    mount --rbind "/$kernel" "$top/root/$kernel"
done
cp "$deb" "$top/root/cordon.deb"

say() { echo "== $*"; }
within() { chroot "$top/root" env DEBIAN_FRONTEND=noninteractive "$@"; }
must() { "$@" || { echo "FAILED: $*" >&2; exit 1; }; }
gone() { must within sh -c "! test -e $1"; }

say install
must within dpkg -i /cordon.deb
must within getent passwd cordon
must within test "$(within stat -c '%U:%G %a' /etc/cordon)" = "root:cordon 750"
must within test -L /etc/systemd/system/multi-user.target.wants/cordon.service
must within cordon --version
must within systemd-analyze verify /usr/lib/systemd/system/cordon.service
gone /var/lib/cordon

say "a setting of one's own outlives a reinstallation"
within sh -c 'echo "# mine" >>/etc/cordon/cordon.toml; mkdir -m 700 /var/lib/cordon; chown cordon: /var/lib/cordon; touch /var/lib/cordon/state'
must within dpkg -i /cordon.deb
must within grep -q mine /etc/cordon/cordon.toml

say remove
must within dpkg -r cordon
must within test -e /var/lib/cordon/state
must within test -e /etc/cordon/cordon.toml
gone /usr/bin/cordon

say purge
must within dpkg -P cordon
gone /var/lib/cordon
gone /etc/cordon
gone /usr/lib/systemd/system/cordon.service
must within sh -c '! getent passwd cordon'
left=$(within sh -c 'find /etc /usr/bin /usr/lib/systemd /usr/share/doc /var/lib/cordon /var/lib/dpkg/info /var/lib/systemd -name "*cordon*" 2>/dev/null' || true)
must test -z "$left"

say "purge that keeps the data when told so"
must within dpkg -i /cordon.deb >/dev/null 2>&1
within sh -c 'mkdir -m 700 /var/lib/cordon; touch /var/lib/cordon/state; echo "cordon cordon/remove-data boolean false" | debconf-set-selections'
must within dpkg -P cordon
must within test -e /var/lib/cordon/state
say "everything held"
