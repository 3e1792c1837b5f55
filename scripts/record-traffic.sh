#!/bin/bash
# Records examples/captures/: real clients and servers in two network namespaces of their own, joined by a
# veth pair that tcpdump listens on. Nothing outside the namespaces is touched or heard.
#
#   scripts/record-traffic.sh [OUTPUT_DIR]
#
# As root, with: iproute2 ethtool tcpdump iputils-ping dnsmasq dnsutils (dig) curl netcat-openbsd socat
# openssl python3 node. Takes a quarter of a minute.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath "${1:-$here/../examples/captures}")
client=webpf-client-$$
server=webpf-server-$$
work=$(mktemp -d)

tidy_up() {
  local namespace pid
  disown -a
  for namespace in "$client" "$server"; do
    for pid in $(ip netns pids "$namespace" 2>/dev/null); do kill "$pid" 2>/dev/null || true; done
    ip netns del "$namespace" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap tidy_up EXIT

in_client() { ip netns exec "$client" "$@"; }
in_server() { ip netns exec "$server" "$@"; }
# Some of the clients are meant to fail: what they ask for is refused.
try() { in_client timeout 5 "$@" >/dev/null 2>&1 || true; }

set_up_link() { # namespace device mac address...
  local namespace=$1 device=$2 mac=$3 address
  shift 3
  ip -n "$namespace" link set "$device" address "$mac"
  # Segments and checksums as they are on a wire, not as the kernel hands them to a network card.
  ip netns exec "$namespace" ethtool -K "$device" tx off tso off gso off gro off >/dev/null
  for address in "$@"; do ip -n "$namespace" addr add "$address" dev "$device" nodad 2>/dev/null ||
    ip -n "$namespace" addr add "$address" dev "$device"; done
  ip -n "$namespace" link set "$device" up
  ip -n "$namespace" link set lo up
}

set_up_network() {
  ip netns add "$client"
  ip netns add "$server"
  ip link add wpc0 netns "$client" type veth peer name wps0 netns "$server"
  set_up_link "$client" wpc0 02:00:00:00:00:01 10.10.0.1/24 10.10.0.11/24 10.10.0.12/24 10.10.0.13/24 \
    fd00:10::1/64 fd00:10::11/64
  set_up_link "$server" wps0 02:00:00:00:00:02 10.10.0.2/24 fd00:10::2/64
  for address in 192.0.2.10/32 192.0.2.53/32 fd00:20::10/128; do ip -n "$server" addr add "$address" dev lo; done
  ip -n "$client" route add 192.0.2.0/24 via 10.10.0.2
  ip -n "$client" route add fd00:20::/64 via fd00:10::2
}

# Tunnels and tags in user space: kernels built without 8021q, ipip and gre can do it, too.
set_up_tunnels() {
  local index=0 mode
  for mode in vlan qinq ipip gre; do
    index=$((index + 1))
    ip netns exec "$client" python3 "$here/traffic/tunnel.py" "$mode" wpc0 10.10.0.1 10.10.0.2 \
      "10.20.$index.1" "fd00:20:$index::1" &
    ip netns exec "$server" python3 "$here/traffic/tunnel.py" "$mode" wps0 10.10.0.2 10.10.0.1 \
      "10.20.$index.2" "fd00:20:$index::2" &
  done
}

start_servers() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=web.example \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
  ip netns exec "$server" node "$here/traffic/servers.mjs" "$work" >"$work/servers.log" 2>&1 &
  ip netns exec "$server" dnsmasq --keep-in-foreground --no-resolv --no-hosts --bind-interfaces \
    --user=root --pid-file= --listen-address=192.0.2.53,10.10.0.2,fd00:10::2 --address=/web.example/192.0.2.10 \
    --address=/web.example/fd00:20::10 --mx-host=web.example,mail.web.example --txt-record=web.example,"v=example1" \
    --srv-host=_http._tcp.web.example,web.example,8080 --local=/example/ 2>/dev/null &
}

start_capture() {
  ip netns exec "$client" tcpdump -q -n -i wpc0 -s 0 -w "$work/traffic.pcap" --immediate-mode -U 2>/dev/null &
  sleep 1
}

ping_around() {
  try ping -c 60 -i 0.01 10.10.0.2
  try ping -c 20 -i 0.01 -s 1000 -I 10.10.0.11 192.0.2.10
  try ping -c 60 -i 0.01 fd00:10::2
  try ping -c 10 -i 0.01 -s 1200 fd00:20::10
  try ping -c 6 -i 0.01 -s 4000 10.10.0.2    # fragments
  try ping -c 6 -i 0.01 -s 4000 fd00:10::2
  try ping -c 2 -i 0.2 -W 1 10.10.0.99       # nobody answers the ARP requests
  try ping -c 2 -i 0.2 -W 1 192.0.2.99       # unreachable
}

ask_names() {
  local name type
  for name in web mail ftp ntp www api cdn db; do
    for type in A AAAA MX TXT; do echo "$name.example $type"; done
  done >"$work/names"
  echo "_http._tcp.web.example SRV" >>"$work/names"
  try dig @192.0.2.53 -f "$work/names"
  try dig @10.10.0.2 -b 10.10.0.12 -f "$work/names"
  try dig @fd00:10::2 -f "$work/names"
  head -8 "$work/names" >"$work/few"
  try dig @192.0.2.53 +tcp -f "$work/few"
}

browse() {
  local address size
  for address in 192.0.2.10 10.10.0.2 '[fd00:20::10]' '[fd00:10::2]'; do
    for size in 1 80 200 400 900 1500 3000 6000 12000 24000; do try curl -s "http://$address:8080/bytes/$size"; done
    # Several requests over one connection, and a body sent to the server.
    try curl -s "http://$address:8080/bytes/100" "http://$address:8080/bytes/2000" "http://$address:8080/bytes/300"
    try curl -s --data-binary "@$work/names" "http://$address:8080/upload"
    for size in 500 5000 9000; do try curl -sk "https://$address:8443/bytes/$size"; done
  done
  for address in 10.10.0.11 10.10.0.12 10.10.0.13; do
    try curl -s --interface "$address" http://192.0.2.10:8080/bytes/700
    try curl -sk --interface "$address" --tls-max 1.2 https://192.0.2.10:8443/bytes/700
  done
  try curl -s http://192.0.2.10:8080/bytes/250000
}

knock_on_closed_doors() {
  local port
  for port in 21 22 23 25 110 143 445 3306 3389 5432 6379 8081; do
    try nc -z -w 1 10.10.0.2 $port
    try nc -z -w 1 fd00:10::2 $port
    echo hello | try nc -u -w 0 -q 0 10.10.0.2 $port
  done
}

talk_over_udp() {
  in_client node "$here/traffic/datagrams.mjs" || true
  head -c 3000 /dev/zero | tr '\0' x >"$work/long"
  try socat -u "OPEN:$work/long" UDP4-DATAGRAM:10.10.0.2:7       # fragments
  try socat -u "OPEN:$work/long" 'UDP6-DATAGRAM:[fd00:10::2]:7'
}

use_tunnels() {
  local index
  for index in 1 2 3 4; do
    try ping -c 12 -i 0.01 "10.20.$index.2"
    try ping -c 6 -i 0.01 "fd00:20:$index::2"
    try curl -s "http://10.20.$index.2:8080/bytes/3000"
    try curl -s "http://[fd00:20:$index::2]:8080/bytes/900"
  done
}

set_up_network
start_servers
sleep 1.5
start_capture
set_up_tunnels
ping_around
ask_names
browse
knock_on_closed_doors
talk_over_udp
use_tunnels
ip -n "$client" neigh flush all
ping_around
sleep 1

mkdir -p "$out"
cp "$work/traffic.pcap" "$out/traffic.pcap"
# A sample again as pcapng, with nanoseconds and two interfaces (untagged and tagged frames).
node "$here/traffic/to-pcapng.mjs" "$out/traffic.pcap" "$out/traffic-sample.pcapng" 16
tcpdump -nr "$out/traffic.pcap" --count
