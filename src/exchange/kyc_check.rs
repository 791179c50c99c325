//! Asks an exchange what it wants to know of an account's owner before it pays (crypto 6.5 and 14.6).

use reqwest::header::HeaderName;
use serde_json::{Value, json};

use super::{Error, Exchange};
use taler::payto::Payto;
use taler::sign::merchant::KycQuestion;
use taler::sign::{SigningKey, Statement};

/// The header with the owner's signature.
const OWNER_SIGNATURE: HeaderName = HeaderName::from_static("account-owner-signature");
/// The status of an exchange that knows no key of the account.
const NO_KEY: u16 = 409;
/// Its code.
const KEY_UNKNOWN: u32 = 1940;
/// The status of an exchange that knows another key.
const OTHER_KEY: u16 = 403;
/// Its code.
pub const KEY_DIFFERS: u32 = 1930;

/// What an exchange says of an account.
#[derive(Clone, Debug, PartialEq)]
pub enum KycState {
    /// Nothing is open, or it does not know the account: it has paid nothing to it so far.
    Free,
    /// It wants to know more; its answer, with a token for its own page among others.
    Required(Value),
    /// It knows no key of the account: a transfer with it in its subject must come first.
    KeyUnknown,
    /// It knows another key than the shop's; its answer.
    KeyDiffers(Value),
}

impl KycState {
    /// What is kept of it, in the form of a refused deposit: the status, the code, and the answer. `None` when
    /// nothing is open.
    pub fn open(self) -> Option<(u16, Option<u32>, Value)> {
        match self {
            Self::Free => None,
            Self::Required(reply) => Some((super::NOT_YET, None, reply)),
            Self::KeyUnknown => Some((NO_KEY, Some(KEY_UNKNOWN), json!({ "bad_kyc_auth": true }))),
            Self::KeyDiffers(reply) => Some((OTHER_KEY, Some(KEY_DIFFERS), reply)),
        }
    }
}

impl Exchange {
    /// Asks how an account stands; `owner` is the key of its shop.
    ///
    /// # Errors
    /// [`Error::Refused`] for every refusal but those of [`KycState`]; otherwise as everywhere.
    pub async fn kyc_state(&self, account: &Payto, owner: &SigningKey) -> Result<KycState, Error> {
        let url = self.url(&["kyc-check", &account.normalized_hash().to_string()]);
        let header = (OWNER_SIGNATURE, KycQuestion.sign(owner).to_string());
        match self.0.http.get_with(&url, &[200, 202, 204], header).await {
            Ok((202, reply)) => Ok(KycState::Required(reply)),
            Ok(_) => Ok(KycState::Free),
            Err(Error::Refused { status: NO_KEY, code: Some(KEY_UNKNOWN), .. }) => {
                Ok(KycState::KeyUnknown)
            }
            Err(Error::Refused { status: OTHER_KEY, code: Some(KEY_DIFFERS), reply }) => {
                Ok(KycState::KeyDiffers(reply))
            }
            Err(Error::Refused { status: 404, code: Some(_), .. }) => Ok(KycState::Free),
            Err(error) => Err(error),
        }
    }
}
