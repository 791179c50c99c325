//! What handlers need besides the till: addresses, limits, documents, and results of forms.

use std::time::Duration;

use ipnet::IpNet;

use super::backoffice::submissions::Forms;
use super::library::Library;
use super::routes::{Access, RouteSpec};
use taler::web::BaseUrl;

/// Longest form with a table of products, in bytes: ten thousand products, most of them with a short description.
const MAX_IMPORT: usize = 2 << 20;
/// Forms of the back office that may have a picture in them.
const WITH_PICTURE: [&str; 2] = ["/new-product", "/products/{id}"];

/// Longest request bodies, in bytes (decision 14).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// On public endpoints.
    pub public: usize,
    /// Where a wallet sends the coins of a payment.
    pub pay: usize,
    /// On order creation.
    pub order: usize,
    /// On private endpoints that take pictures.
    pub private: usize,
}

impl Limits {
    /// The limit of one route.
    pub(super) fn of(self, row: &RouteSpec) -> usize {
        if row.method == "POST" && ["/private/orders", "/order"].contains(&row.path) {
            return self.order;
        }
        if ["/orders/{id}/pay", "/orders/{id}/abort"].contains(&row.path) {
            return self.pay;
        }
        // The body is read after the token of the special instance was looked at.
        if row.path == "/instances" {
            return self.private;
        }
        match row.access {
            // Only those who have signed in are listened to.
            Access::Session(_) if row.path == "/product-import" => self.private.max(MAX_IMPORT),
            Access::Session(_) if WITH_PICTURE.contains(&row.path) => self.private,
            Access::Public
            | Access::AnySession
            | Access::Session(_)
            | Access::SessionBackground(_)
            | Access::Till(_)
            | Access::TillBackground(_) => self.public,
            Access::AnyToken | Access::Private(_) | Access::Management(_) => self.private,
        }
    }
}

/// What handlers need besides the till.
#[derive(Debug)]
pub struct Settings {
    /// The base URL that wallets use, if it is configured.
    pub base_url: Option<BaseUrl>,
    /// Peers whose forwarded headers are used.
    pub trusted_proxies: Vec<IpNet>,
    /// Longest bodies.
    pub limits: Limits,
    /// How long a body may take.
    pub body_timeout: Duration,
    /// Longest wait of a parked request.
    pub longest_poll: Duration,
    /// Whether the API of 2019 is served.
    pub legacy: bool,
    /// URL of the source code of this program.
    pub source_url: Option<String>,
    /// The terms of service.
    pub terms: Library,
    /// The privacy policy.
    pub privacy: Library,
    /// Whether this is the demonstration with play money on this machine.
    pub is_demo: bool,
    /// The results of forms that were sent before.
    pub forms: Forms,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: None,
            trusted_proxies: Vec::new(),
            limits: Limits { public: 64 << 10, pay: 512 << 10, order: 512 << 10, private: 1 << 20 },
            body_timeout: Duration::from_secs(15),
            longest_poll: Duration::from_secs(50),
            legacy: true,
            source_url: None,
            terms: Library::default(),
            privacy: Library::default(),
            is_demo: false,
            forms: Forms::default(),
        }
    }
}
