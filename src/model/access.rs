//! Who may do what: scopes, which a shop gives to a token, and permissions, which a route asks for.
//!
//! This is the one table of rights (merchant-api 1.6.1). A scope is a set of permissions; a route
//! names the one permission it needs. Nothing here knows of passwords, tokens' bytes or HTTP.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::cashier::CashierSerial;
use super::invalid_field::InvalidField;
use taler::time::Timestamp;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// The permission that a private route needs.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Permission { $($(#[$doc])* $name),* }

        impl Permission {
            /// Every permission there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The permission's name as the merchant API writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

permissions! {
    /// Read the instance's own settings.
    InstancesRead = "instances-read",
    /// Change or delete the instance, its password, and, for the special instance, others.
    InstancesWrite = "instances-write",
    /// Read the bank accounts.
    AccountsRead = "accounts-read",
    /// Add, change and remove bank accounts.
    AccountsWrite = "accounts-write",
    /// List the tokens (never their values).
    TokensRead = "tokens-read",
    /// Revoke tokens.
    TokensWrite = "tokens-write",
    /// List orders and read their status.
    OrdersRead = "orders-read",
    /// Create, forget and delete orders.
    OrdersWrite = "orders-write",
    /// Grant refunds.
    OrdersRefund = "orders-refund",
    /// Record payments taken at the counter.
    PaymentsWrite = "payments-write",
    /// Read templates.
    TemplatesRead = "templates-read",
    /// Add, change and remove templates.
    TemplatesWrite = "templates-write",
    /// Read one-time-password devices.
    OtpDevicesRead = "otp-devices-read",
    /// Add, change and remove one-time-password devices.
    OtpDevicesWrite = "otp-devices-write",
    /// Read webhooks.
    WebhooksRead = "webhooks-read",
    /// Add, change and remove webhooks.
    WebhooksWrite = "webhooks-write",
    /// Read products, and what a point of sale shows.
    ProductsRead = "products-read",
    /// Add, change and remove products.
    ProductsWrite = "products-write",
    /// Reserve stock for a customer.
    ProductsLock = "products-lock",
    /// Read categories of products.
    CategoriesRead = "categories-read",
    /// Add, change and remove categories of products.
    CategoriesWrite = "categories-write",
    /// Read units of products.
    UnitsRead = "units-read",
    /// Add, change and remove units of products.
    UnitsWrite = "units-write",
    /// Read groups of products.
    GroupsRead = "groups-read",
    /// Add, change and remove groups of products.
    GroupsWrite = "groups-write",
    /// Read money pots.
    PotsRead = "pots-read",
    /// Add, change and remove money pots.
    PotsWrite = "pots-write",
    /// Read incoming wire transfers.
    TransfersRead = "transfers-read",
    /// Report incoming wire transfers.
    TransfersWrite = "transfers-write",
    /// Read statistics.
    StatisticsRead = "statistics-read",
    /// Read which reports are sent.
    ReportsRead = "reports-read",
    /// Add, change and remove reports that are sent.
    ReportsWrite = "reports-write",
    /// Read which charities the instance speaks for.
    DonauRead = "donau-read",
    /// Add and remove charities.
    DonauWrite = "donau-write",
    /// Read token families.
    TokenFamiliesRead = "tokenfamilies-read",
    /// Add, change and remove token families.
    TokenFamiliesWrite = "tokenfamilies-write",
}

/// A named set of permissions, given to a token when it is made (merchant-api 1.6.1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Scope {
    /// Everything that only reads.
    ReadOnly,
    /// Create orders and read their status: all that a web shop needs to sell.
    OrderSimple,
    /// For a till at the counter: orders, stock, and payments in cash.
    OrderPos,
    /// Orders and refunds.
    OrderMgmt,
    /// Everything about orders.
    OrderFull,
    /// For the back office in a browser.
    Spa,
    /// Everything.
    All,
    /// Everything, under its name from before protocol 19.
    Write,
}

impl Scope {
    /// Every scope there is.
    pub const EVERY: &[Self] = &[
        Self::ReadOnly,
        Self::OrderSimple,
        Self::OrderPos,
        Self::OrderMgmt,
        Self::OrderFull,
        Self::Spa,
        Self::All,
        Self::Write,
    ];

    /// The scope's name on the wire, without the suffix `:refreshable`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "readonly",
            Self::OrderSimple => "order-simple",
            Self::OrderPos => "order-pos",
            Self::OrderMgmt => "order-mgmt",
            Self::OrderFull => "order-full",
            Self::Spa => "spa",
            Self::All => "all",
            Self::Write => "write",
        }
    }

    /// Whether the scope contains `permission`.
    pub fn grants(self, permission: Permission) -> bool {
        use Permission::*;
        let simple = matches!(permission, OrdersRead | OrdersWrite);
        let pos =
            matches!(permission, PaymentsWrite | ProductsLock | ProductsRead | CategoriesRead);
        let mgmt = matches!(permission, PaymentsWrite | OrdersRefund);
        match self {
            Self::ReadOnly => permission.as_str().ends_with("-read"),
            Self::OrderSimple => simple,
            Self::OrderPos => simple || pos,
            Self::OrderMgmt => simple || mgmt,
            Self::OrderFull => simple || pos || mgmt,
            Self::Spa | Self::All | Self::Write => true,
        }
    }

    /// Whether the scope contains all permissions of `other`. A token is refreshed only downwards.
    pub fn contains(self, other: Self) -> bool {
        Permission::ALL.iter().all(|&p| self.grants(p) || !other.grants(p))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        Self::EVERY.iter().copied().find(|s| s.as_str() == text).ok_or(InvalidField("scope"))
    }
}

/// A scope together with the right to ask for further tokens: `order-full:refreshable`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenScope {
    /// Scope of the token.
    pub scope: Scope,
    /// Whether the token can be exchanged for a new one.
    pub refreshable: bool,
}

impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = if self.refreshable { ":refreshable" } else { "" };
        write!(f, "{}{suffix}", self.scope)
    }
}

impl FromStr for TokenScope {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        match text.strip_suffix(":refreshable") {
            Some(scope) => Ok(Self { scope: scope.parse()?, refreshable: true }),
            None => Ok(Self { scope: text.parse()?, refreshable: false }),
        }
    }
}

impl TryFrom<String> for TokenScope {
    type Error = InvalidField;

    fn try_from(text: String) -> Result<Self, InvalidField> {
        text.parse()
    }
}

impl From<TokenScope> for String {
    fn from(scope: TokenScope) -> Self {
        scope.to_string()
    }
}

/// What a token is for, and where it came from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TokenKind {
    /// For programs: made on request, by password, by refresh or on the command line; there may be
    /// many.
    Api,
    /// For programs: the instance's fixed token of before protocol 19; a new one takes its place.
    Static,
    /// A web session of the back office. It opens nothing of the API.
    Web {
        /// What the browser calls itself, shortened; may be empty.
        browser: String,
        /// The cashier who has signed in; `None`: the owner has.
        cashier: Option<CashierSerial>,
    },
}

impl TokenKind {
    /// The word for it in the store.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Static => "static",
            Self::Web { .. } => "web",
        }
    }

    /// The browser of a web session; `None` for other tokens.
    pub fn browser(&self) -> Option<&str> {
        match self {
            Self::Api | Self::Static => None,
            Self::Web { browser, .. } => Some(browser),
        }
    }

    /// The cashier whose web session it is, if it is one's.
    pub fn cashier(&self) -> Option<CashierSerial> {
        match self {
            Self::Api | Self::Static => None,
            Self::Web { cashier, .. } => *cashier,
        }
    }
}

/// A token as it is kept: everything but its value (merchant-api 1.6.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    /// Number by which the shop names the token.
    pub serial: i64,
    /// Its scope.
    pub scope: TokenScope,
    /// What it is for.
    pub kind: TokenKind,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, or never.
    pub expires_at: Timestamp,
    /// The shop's own note.
    pub description: Option<String>,
    /// When it was last shown, to the minute; `None`: never.
    pub last_used_at: Option<Timestamp>,
}

impl Token {
    /// What lists of the API and of the command line say about it: the shop's note, or that it is a
    /// web session, and of which browser.
    pub fn label(&self) -> Option<String> {
        match self.kind.browser() {
            Some(browser) => Some(format!("web: {browser}")),
            None => self.description.clone(),
        }
    }
}

/// A token to be stored: `hash` is the hash of its value, which the store never sees.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewToken {
    /// SHA-256 of the whole text after `Bearer `.
    pub hash: [u8; 32],
    /// Its scope.
    pub scope: TokenScope,
    /// What it is for.
    pub kind: TokenKind,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, or never.
    pub expires_at: Timestamp,
    /// The shop's own note.
    pub description: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_reads_back_with_and_without_the_suffix() {
        for &scope in Scope::EVERY {
            for refreshable in [false, true] {
                let whole = TokenScope { scope, refreshable };
                assert_eq!(whole.to_string().parse(), Ok(whole));
            }
        }
        assert_eq!("root".parse::<TokenScope>(), Err(InvalidField("scope")));
        assert_eq!("all:".parse::<TokenScope>(), Err(InvalidField("scope")));
    }

    #[test]
    fn scopes_hold_what_the_table_says_and_no_more() {
        use Permission::*;
        assert!(!Scope::OrderSimple.grants(PaymentsWrite));
        assert!(!Scope::OrderSimple.grants(OrdersRefund));
        assert!(!Scope::ReadOnly.grants(PaymentsWrite));
        assert!(Scope::ReadOnly.grants(TokensRead));
        assert!(Scope::OrderPos.grants(PaymentsWrite) && !Scope::OrderPos.grants(OrdersRefund));
        assert!(Scope::OrderPos.grants(ProductsRead) && !Scope::OrderPos.grants(ProductsWrite));
        assert!(Scope::OrderMgmt.grants(OrdersRefund) && !Scope::OrderMgmt.grants(ProductsRead));
        assert!(Scope::OrderFull.grants(ProductsLock) && !Scope::OrderFull.grants(AccountsRead));
        for &p in Permission::ALL {
            assert!(Scope::All.grants(p) && Scope::Write.grants(p) && Scope::Spa.grants(p));
        }
    }

    #[test]
    fn only_a_scope_at_least_as_large_contains_another() {
        assert!(Scope::OrderFull.contains(Scope::OrderPos));
        assert!(!Scope::OrderPos.contains(Scope::OrderMgmt));
        assert!(Scope::All.contains(Scope::Write) && Scope::Write.contains(Scope::All));
        assert!(!Scope::ReadOnly.contains(Scope::OrderSimple));
    }
}
