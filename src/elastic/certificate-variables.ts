import type { VariableOfGroup } from './variable.ts'

export const certificates: readonly VariableOfGroup[] = [
  {
    name: 'pki_dir',
    default: '{{ inventory_dir }}/pki',
    meaning:
      'Where certificates are kept on this machine. Safe to commit: keys and passwords in it are vault-encrypted.',
  },
  {
    name: 'http_names',
    default: '[]',
    meaning:
      'More host names under which clients reach a node, such as that of a load balancer. Its name in the inventory, ' +
      'ansible_host, node.name and localhost are there anyway.',
  },
  { name: 'http_addresses', default: '[]', meaning: 'More IP addresses under which clients reach a node.' },
  { name: 'http_certificate_days', default: '365', meaning: "How long a node's new certificate is valid." },
  {
    name: 'http_renew_before_days',
    default: 'none: when a third of its lifetime is left',
    meaning: 'Days before its end when a certificate is renewed.',
  },
  {
    name: 'http_renew_before',
    default: 'none',
    meaning: 'A day such as `2027-03-01`: certificates that end before it are renewed now.',
  },
  {
    name: 'http_p12_password',
    default: 'made here and kept in pki_dir',
    secret: true,
    meaning: 'Password of every http.p12.',
  },
  {
    name: 'http_ca_path',
    default: 'none: an authority is made here',
    meaning: 'Your own authority, on this machine: elastic-stack-ca.p12, or its certificate as PEM.',
  },
  { name: 'http_ca_key_path', default: 'none', meaning: 'The key, where your own authority is PEM.' },
  {
    name: 'http_ca_password',
    default: 'none',
    secret: true,
    meaning: "Password of your own authority's p12 or key.",
  },
  { name: 'http_ca_days', default: '1825', meaning: 'How long an authority that is made here is valid.' },
  {
    name: 'http_ca_renew_before_days',
    default: 'none: when it would end before a new certificate of a node',
    meaning: 'Days before the end of the authority when rotate-ca.yml changes to another one.',
  },
]

export const transport: readonly VariableOfGroup[] = [
  {
    name: 'transport_ca_path',
    default: 'none: the one that rotate-transport-ca.yml made in pki_dir',
    meaning:
      'The authority of the certificates with which the nodes meet each other, on this machine: elastic-stack-ca.p12, ' +
      'or its certificate as PEM. Its private key is not copied.',
  },
  { name: 'transport_ca_key_path', default: 'none', meaning: 'The key, where that authority is PEM.' },
  { name: 'transport_ca_password', default: 'none', secret: true, meaning: "Password of that authority's p12 or key." },
  {
    name: 'transport_ca_days',
    default: '1825',
    meaning: 'How long an authority that rotate-transport-ca.yml makes is valid.',
  },
  {
    name: 'transport_certificate_days',
    default: '365',
    meaning: "How long a node's new transport certificate is valid, at most as long as its authority.",
  },
  {
    name: 'transport_renew_before_days',
    default: 'none: when a third of its lifetime is left',
    meaning: 'Days before its end when a transport certificate is renewed.',
  },
  {
    name: 'transport_renew_before',
    default: 'none',
    meaning: 'A day such as 2027-03-01: a transport certificate that ends before it is renewed now.',
  },
]
