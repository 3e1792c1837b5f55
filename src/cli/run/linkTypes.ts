/** LINKTYPE_* numbers people meet (https://www.tcpdump.org/linktypes.html). */
const names: Readonly<Record<number, string>> = {
  0: 'NULL (BSD loopback)',
  1: 'ETHERNET',
  9: 'PPP',
  12: 'RAW (IP without a link header)',
  14: 'RAW (IP without a link header)',
  50: 'PPP_HDLC',
  101: 'RAW (IP without a link header)',
  104: 'C_HDLC',
  105: 'IEEE802_11',
  108: 'LOOP (OpenBSD loopback)',
  113: 'LINUX_SLL (tcpdump -i any)',
  127: 'IEEE802_11_RADIOTAP',
  187: 'BLUETOOTH_HCI_H4',
  189: 'USB_LINUX',
  228: 'IPV4',
  229: 'IPV6',
  249: 'USBPCAP',
  276: 'LINUX_SLL2 (tcpdump -i any)',
};

export const ETHERNET = 1;

export const linkTypeName = (linkType: number): string => names[linkType] ?? `number ${linkType}`;
