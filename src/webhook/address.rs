//! Which addresses webhooks may call (webhooks 5.7).
//!
//! A shop writes where its webhooks go, and the daemon goes there from inside the operator's network. So the
//! address is checked twice: as it is written, and each time that its name has been looked up; the
//! connection then goes to an address that was checked, and to no other.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde::Deserialize;
use url::{Host, Url};

use taler::text::bad_text;

/// What leads nowhere on the Internet: networks of their own, of documentation, of tests, of many.
const FORBIDDEN_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];
/// The same of IPv6.
const FORBIDDEN_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
];
/// Networks of IPv6 whose addresses hold one of IPv4, and how many bits behind it. Compatible and mapped
/// addresses; NAT64; 6to4.
const EMBEDDED: &[(Ipv6Addr, u32, u32)] = &[
    (Ipv6Addr::UNSPECIFIED, 96, 0),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 0),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, 0),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 80),
];
/// The lowest port that is open to all services; below it only the two of the web are called.
const FIRST_OPEN_PORT: u16 = 1024;

bad_text! {
    /// A text that is neither an address, a network nor `localhost`.
    BadAllowEntry
}

/// An exception that the operator makes: what else webhooks may call.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub enum AllowEntry {
    /// These addresses.
    Network(IpNet),
    /// This machine: 127.0.0.0/8 and `::1`.
    Localhost,
}

impl FromStr for AllowEntry {
    type Err = BadAllowEntry;

    fn from_str(text: &str) -> Result<Self, BadAllowEntry> {
        if text.eq_ignore_ascii_case("localhost") {
            return Ok(Self::Localhost);
        }
        let network = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address.to_canonical()),
            Err(_) => text.parse().map_err(|_| {
                BadAllowEntry("it is neither localhost, an address like 192.168.1.10 nor a network like 192.168.1.0/24")
            })?,
        };
        Ok(Self::Network(network))
    }
}

impl TryFrom<String> for AllowEntry {
    type Error = BadAllowEntry;

    fn try_from(text: String) -> Result<Self, BadAllowEntry> {
        text.parse()
    }
}

impl fmt::Display for AllowEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Localhost => f.write_str("localhost"),
        }
    }
}

/// Why an address may not be called. It never says what is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// Neither https, nor http where that is allowed.
    Scheme,
    /// A user's name or password is in it.
    UserInfo,
    /// A port that other services have.
    Port,
    /// The address is in a network that is not to be called, or it is the daemon itself.
    Address,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "the address does not begin with https://",
            Self::UserInfo => "the address has a user name in it",
            Self::Port => "the port is not allowed",
            Self::Address => "address not allowed",
        })
    }
}

impl std::error::Error for Refused {}

/// Says which addresses may be called.
#[derive(Clone, Debug, Default)]
pub struct AddressGuard {
    /// Exceptions of the operator.
    pub allow: Vec<AllowEntry>,
    /// Whether http:// may be called anywhere.
    pub allow_http: bool,
    /// Where the daemon itself answers: never called, whatever is allowed.
    pub own: Vec<SocketAddr>,
}

impl AddressGuard {
    /// Checks an address as it is written; its name is not looked up.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check_url(&self, url: &Url) -> Result<(), Refused> {
        let port = url.port_or_known_default().ok_or(Refused::Scheme)?;
        let literal = match url.host().ok_or(Refused::Address)? {
            Host::Ipv4(address) => Some(IpAddr::from(address)),
            Host::Ipv6(address) => Some(IpAddr::from(address)),
            Host::Domain(name) => is_localhost(name).then_some(Ipv4Addr::LOCALHOST.into()),
        };
        let is_loopback = literal.is_some_and(|address| address.to_canonical().is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http || is_loopback => {}
            _ => return Err(Refused::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::UserInfo);
        }
        if ![80, 443].contains(&port) && port < FIRST_OPEN_PORT {
            return Err(Refused::Port);
        }
        match literal {
            Some(address) if !self.permits(address, port) => Err(Refused::Address),
            _ => Ok(()),
        }
    }

    /// The same, and that its name leads to an address that may be called. A name that is not known leads
    /// nowhere, which is no refusal.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn check_resolved(&self, url: &Url, lookup: &dyn Lookup) -> Result<(), Refused> {
        self.check_url(url)?;
        let (Some(Host::Domain(name)), Some(port)) = (url.host(), url.port_or_known_default())
        else {
            return Ok(());
        };
        let found = lookup.lookup(name.to_owned()).await.unwrap_or_default();
        match found.is_empty() || found.iter().any(|address| self.permits(*address, port)) {
            true => Ok(()),
            false => Err(Refused::Address),
        }
    }

    /// May this address be called at this port?
    pub fn permits(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        let allowed = self.allow.iter().any(|entry| match entry {
            AllowEntry::Network(network) => network.contains(&address),
            AllowEntry::Localhost => address.is_loopback(),
        });
        (allowed || !is_forbidden(address)) && !self.is_own(address, port)
    }

    /// Does the daemon itself answer there? One that listens at all addresses does at each of the machine's.
    fn is_own(&self, address: IpAddr, port: u16) -> bool {
        self.own.iter().any(|own| {
            let ip = own.ip().to_canonical();
            own.port() == port
                && (ip == address || (ip.is_unspecified() && is_of_this_machine(address)))
        })
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Only an address of this machine can be bound to. Nothing is sent.
fn is_of_this_machine(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
}

fn is_forbidden(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_forbidden_v4(address),
        IpAddr::V6(address) => {
            let within = |network: &Ipv6Addr, bits: u32| {
                let behind = 128_u32.saturating_sub(bits);
                address.to_bits().checked_shr(behind) == network.to_bits().checked_shr(behind)
            };
            FORBIDDEN_V6.iter().any(|(network, bits)| within(network, *bits))
                || EMBEDDED.iter().any(|(network, bits, behind)| {
                    let [.., a, b, c, d] = (address.to_bits() >> behind).to_be_bytes();
                    within(network, *bits) && is_forbidden_v4(Ipv4Addr::new(a, b, c, d))
                })
        }
    }
}

fn is_forbidden_v4(address: Ipv4Addr) -> bool {
    FORBIDDEN_V4.iter().any(|(network, bits)| {
        let behind = 32_u32.saturating_sub(*bits);
        address.to_bits() >> behind == network.to_bits() >> behind
    })
}

/// What finds the addresses of a name.
pub trait Lookup: Send + Sync {
    /// The addresses of `host`.
    fn lookup(&self, host: String) -> LookingUp;
}

/// The addresses to come.
pub type LookingUp = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// The system's own, as all programs ask it.
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> LookingUp {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Gives a connection only addresses that the guard permits at this port.
pub(super) struct CheckedResolver {
    pub(super) guard: Arc<AddressGuard>,
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) port: u16,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, port) = (self.guard.clone(), self.port);
        let looking_up = self.lookup.lookup(name.as_str().to_owned());
        Box::pin(async move {
            let mut addresses = looking_up.await?;
            addresses.retain(|address| guard.permits(*address, port));
            if addresses.is_empty() {
                return Err(Refused::Address.into());
            }
            let addresses =
                addresses.into_iter().map(move |address| SocketAddr::new(address, port));
            Ok::<Addrs, _>(Box::new(addresses))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn guard(allow: &[&str]) -> AddressGuard {
        let allow = allow.iter().map(|text| text.parse().unwrap()).collect();
        AddressGuard { allow, ..AddressGuard::default() }
    }

    fn check(guard: &AddressGuard, url: &str) -> Result<(), Refused> {
        guard.check_url(&Url::parse(url).unwrap())
    }

    #[test]
    fn what_is_not_on_the_internet_is_not_called() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:c0a8:101::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert!(!guard(&[]).permits(address, 443), "{text}");
        }
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "126.1.1.1",
            "128.0.0.1",
            "169.253.1.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.1.1",
            "198.17.1.1",
            "198.20.1.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2001:db9::1",
            "2002:101:101::1",
            "2606:4700::1111",
            "fbff::1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert!(guard(&[]).permits(address, 443), "{text}");
        }
    }

    #[test]
    fn an_address_is_read_as_those_read_it_who_connect() {
        for url in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://127.0.0.1./",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://localhost/",
            "https://LOCALHOST/",
            "https://localhost./",
            "https://a.localhost/",
            "https://0/",
            "https://①②⑦.0.0.1/",
            "https://10.1/",
            "https://192.168.1.1:8443/",
            "https://169.254.169.254/latest/",
        ] {
            assert_eq!(check(&guard(&[]), url), Err(Refused::Address), "{url}");
        }
        // Names are looked up when they are called.
        assert_eq!(check(&guard(&[]), "https://localtest.example/"), Ok(()));
        assert_eq!(check(&guard(&[]), "https://1.1.1.1/"), Ok(()));
    }

    #[test]
    fn scheme_user_and_port_are_those_of_the_web() {
        for (url, outcome) in [
            ("https://shop.example/", Ok(())),
            ("https://shop.example:80/", Ok(())),
            ("https://shop.example:8443/", Ok(())),
            ("https://shop.example:1024/", Ok(())),
            ("https://shop.example:1023/", Err(Refused::Port)),
            ("https://shop.example:25/", Err(Refused::Port)),
            ("https://shop.example:22/", Err(Refused::Port)),
            ("http://shop.example/", Err(Refused::Scheme)),
            ("ftp://shop.example/", Err(Refused::Scheme)),
            ("https://a@shop.example/", Err(Refused::UserInfo)),
            ("https://:b@shop.example/", Err(Refused::UserInfo)),
        ] {
            assert_eq!(check(&guard(&[]), url), outcome, "{url}");
        }
        let lenient = AddressGuard { allow_http: true, ..guard(&[]) };
        assert_eq!(check(&lenient, "http://shop.example/"), Ok(()));
        assert_eq!(check(&lenient, "http://127.0.0.1/"), Err(Refused::Address));
    }

    #[test]
    fn the_operator_may_allow_networks_and_this_machine() {
        let near = guard(&["192.168.1.10", "10.1.0.0/16", "fd00::/8"]);
        assert_eq!(check(&near, "https://192.168.1.10/"), Ok(()));
        assert_eq!(check(&near, "https://[::ffff:192.168.1.10]/"), Ok(()));
        assert_eq!(check(&near, "https://192.168.1.11/"), Err(Refused::Address));
        assert_eq!(check(&near, "https://10.1.255.1/"), Ok(()));
        assert_eq!(check(&near, "https://[fd00::1]/"), Ok(()));
        assert_eq!(check(&near, "http://192.168.1.10/"), Err(Refused::Scheme));
        let here = guard(&["LocalHost"]);
        for url in
            ["http://localhost:8080/", "http://127.0.0.1/", "https://[::1]/", "http://127.1:3000/"]
        {
            assert_eq!(check(&here, url), Ok(()), "{url}");
        }
        assert_eq!(check(&here, "http://shop.example/"), Err(Refused::Scheme));
        for bad in ["", "shop.example", "10.0.0.0/33", "*", "localhost:80"] {
            assert!(bad.parse::<AllowEntry>().is_err(), "{bad}");
        }
        for text in ["localhost", "192.168.1.10/32", "fd00::/8"] {
            assert_eq!(text.parse::<AllowEntry>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn the_daemon_does_not_call_itself_whatever_is_allowed() {
        let own = vec!["127.0.0.1:9966".parse().unwrap(), "[::]:9967".parse().unwrap()];
        let guard =
            AddressGuard { own, allow_http: true, ..guard(&["localhost", "0.0.0.0/0", "::/0"]) };
        for url in [
            "http://127.0.0.1:9966/",
            "http://[::ffff:127.0.0.1]:9966/",
            "http://localhost:9966/",
            "http://127.0.0.1:9967/",
            "http://[::1]:9967/",
            "http://127.0.0.2:9967/",
        ] {
            assert_eq!(check(&guard, url), Err(Refused::Address), "{url}");
        }
        assert_eq!(check(&guard, "http://127.0.0.1:9968/"), Ok(()));
        // Of another machine, the same port is not ours.
        assert!(guard.permits("203.0.113.7".parse().unwrap(), 9967));
    }

    proptest! {
        #[test]
        fn an_address_in_another_form_is_as_forbidden(bits in any::<u32>()) {
            let v4 = Ipv4Addr::from_bits(bits);
            let permitted = guard(&[]).permits(v4.into(), 443);
            let [a, b, c, d] = v4.octets().map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            for v6 in [
                v4.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            ] {
                prop_assert_eq!(guard(&[]).permits(v6.into(), 443), permitted, "{} {}", v4, v6);
            }
            let ours = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
                || v4.is_unspecified() || v4.is_broadcast() || v4.is_documentation();
            prop_assert!(!(ours && permitted));
        }
    }
}
