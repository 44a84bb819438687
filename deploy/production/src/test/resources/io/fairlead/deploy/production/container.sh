# ROOT USER COMMAND...: see Container. An empty USER is the one that has started this.
root=$1 user=$2
shift 2
mount --bind "$root" "$root"
mount --rbind /proc "$root/proc"
mount -t tmpfs -o size=64k,mode=755 dev "$root/dev"
for device in null zero random urandom; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
for file in /etc/hosts /etc/resolv.conf; do mount --bind "$file" "$root$file"; done
mount -o remount,ro "$root/dev"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot ${user:+--userspec="$user"} "$root" "$@"
