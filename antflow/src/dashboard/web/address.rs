use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where a dashboard is served: a bare port means that of the machine itself, `127.0.0.1`.
///
/// ```
/// use antflow::dashboard::web::Address;
///
/// assert_eq!(Address::from(8080), Address::from(([127, 0, 0, 1], 8080)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(SocketAddr);

impl Address {
    pub(super) fn socket_addr(self) -> SocketAddr {
        self.0
    }
}

impl From<u16> for Address {
    fn from(port: u16) -> Self {
        Self::from((Ipv4Addr::LOCALHOST, port))
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Self(addr)
    }
}

impl<I: Into<IpAddr>> From<(I, u16)> for Address {
    fn from(addr: (I, u16)) -> Self {
        Self(addr.into())
    }
}
