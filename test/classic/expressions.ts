/** Expressions of pcap-filter(7): every primitive and qualifier that has a meaning in a file, alone and combined. */
export const EXPRESSIONS: readonly string[] = `
host 10.0.0.1
src host 10.0.0.1
dst host 10.0.0.1
src or dst host 192.168.1.1
src and dst host 127.0.0.1
net 10.0.0.0/8
src net 10.0.0.0/24
dst net 192.168.0.0 mask 255.255.0.0
net 224.0.0.0/4
not net 10.0.0.0/8
ip6 host ::1
ip6 net fe80::/10
src net 2001:db8::/32
dst net ff00::/8
ether host ff:ff:ff:ff:ff:ff
ether src 00:00:00:00:00:00
ether dst 01:80:c2:00:00:00
ether broadcast
ether multicast
ip broadcast
ip multicast
ip6 multicast
ether proto 0x0800
ether proto \\arp
ether proto 0x88cc
ether[12:2] > 1500
ip
ip6
arp
rarp
arp or rarp
ip proto 1
ip proto \\udp
ip6 proto 58
proto 17
tcp
udp
icmp
icmp6
igmp
igrp
pim
ah
esp
vrrp
sctp
carp
port 53
src port 53
dst port 53
tcp port 80
tcp src port 80
udp dst port 53
portrange 1-1023
tcp dst portrange 8000-9000
udp src portrange 1024-65535
port 179
port 646 or port 520
vlan
vlan 10
vlan and ip
vlan and vlan
vlan and tcp port 80
mpls
mpls 100
mpls and ip
pppoed
pppoes
pppoes and ip
stp
llc
iso
isis
clnp
esis
ipx
netbeui
atalk
less 60
greater 100
greater 1000
len > 64 and len < 128
len - 14 = ip[2:2]
ip[0] & 0xf != 5
ip[6:2] & 0x1fff = 0
ip[6:2] & 0x3fff != 0
ip[8] < 5
ip[2:2] > 576
ip6[6] = 17
ip6[4:2] + 40 > 100
tcp[13] & 2 != 0
tcp[tcpflags] & (tcp-syn|tcp-fin) != 0
tcp[tcpflags] == tcp-ack
tcp[0:2] > tcp[2:2]
tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420
udp[4:2] > 100
udp[8:2] & 0x8000 != 0
icmp[icmptype] = icmp-echo
icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply
icmp6[icmp6type] = icmp6-neighborsolicit
ip[12:4] = ip[16:4]
ether[0] & 1 = 0 and ip[16] >= 224
ip[1] * 4 / 2 % 3 = 0
(ip[8] << 2) ^ 3 > 200
-1 * ip[8] < 0
tcp or udp and not (port 53 or port 80)
(tcp port 80 or tcp port 443) and (ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2)) != 0
host 10.0.0.1 and not (icmp or arp) or ip6
not (tcp or udp or icmp or icmp6 or arp)
ip and not tcp and not udp and ip[9] != 1
vlan and (ip or ip6) and not icmp
geneve
geneve and ip
`
  .trim()
  .split('\n');
