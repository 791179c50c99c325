//! A bank account of an instance, to which exchanges transfer the money (merchant-api 6.3).
//!
//! Contracts name an account only by its salted hash, so that a customer who sees one contract
//! cannot look the account up. Salt and hash stay as they are for as long as the account is kept.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::invalid_field::InvalidField;
use taler::base32::{HashCode, Salt};
use taler::object::object;
use taler::payto::Payto;
use taler::web::BaseUrl;

/// Longest addition to a transfer's subject, in characters; banks allow few.
pub(crate) const MAX_SUBJECT: usize = 64;

/// How tilld identifies itself to the bank's interface for incoming transfers. Never given out.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(remote = "Self", tag = "type", rename_all = "lowercase")]
pub enum FacadeCredentials {
    /// The interface asks for nothing.
    None,
    /// Name and password.
    Basic {
        /// User name of the account at the bank.
        username: String,
        /// The secret.
        password: String,
    },
    /// A bearer token.
    Bearer {
        /// The secret.
        token: String,
    },
}

object!(FacadeCredentials, tag "type", written);

impl fmt::Debug for FacadeCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FacadeCredentials(***)")
    }
}

/// The changeable details of an account.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AccountDetails {
    /// URL of the bank's interface for incoming transfers.
    pub credit_facade_url: Option<BaseUrl>,
    /// Credentials for it.
    pub credit_facade_credentials: Option<FacadeCredentials>,
    /// Text that the exchange shall add to the subject of its transfers.
    pub extra_wire_subject_metadata: Option<String>,
}

impl AccountDetails {
    /// Checks lengths.
    ///
    /// # Errors
    /// [`InvalidField`] names the member that is too long.
    pub fn check(&self) -> Result<(), InvalidField> {
        let subject = self.extra_wire_subject_metadata.as_ref();
        let fits = subject.is_none_or(|text| text.chars().count() <= MAX_SUBJECT);
        if fits { Ok(()) } else { Err(InvalidField("extra_wire_subject_metadata")) }
    }
}

/// A bank account as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Account {
    /// The full account, `receiver-name` included.
    pub payto_uri: Payto,
    /// Sixteen random bytes, made with the account.
    pub salt: Salt,
    /// The salted hash that contracts carry (crypto 9.2).
    pub h_wire: HashCode,
    /// Whether new orders use it.
    pub active: bool,
    /// The other details.
    pub details: AccountDetails,
}
