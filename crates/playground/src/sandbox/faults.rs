//! Faults that a sandbox produces on request, to test merchants against bad exchanges.
//!
//! | act | keys | withdraw | deposit | refund |
//! | --- | --- | --- | --- | --- |
//! | [`FaultAction::Behave`] | after the delay | after the delay | after the delay | after the delay |
//! | [`FaultAction::Status`] | does nothing | does nothing | does nothing | does nothing |
//! | [`FaultAction::NotJson`] | does nothing | does nothing | does nothing | does nothing |
//! | [`FaultAction::LoseAnswer`] | does it | does it | does it | does it |
//! | [`FaultAction::FailAfterwards`] | does it | does it | does it | does it |
//! | [`FaultAction::WrongSignature`] | of the list | of the coins | of the confirmation | of the confirmation |
//! | [`FaultAction::UnknownSigningKey`] | of the list | – | of the confirmation | of the confirmation |
//! | [`FaultAction::ExpiredSigningKeys`] | listed so | – | – | – |
//! | [`FaultAction::ExpiredDenominations`] | listed so | – | – | – |
//! | [`FaultAction::OtherMasterKey`] | signs all | – | – | – |
//! | [`FaultAction::KycRequired`] | – | does nothing | does nothing | does nothing |
//! | [`FaultAction::Frozen`] | – | does nothing | does nothing | does nothing |
//! | [`FaultAction::DenominationUnknown`] | – | does nothing | does nothing | – |
//! | [`FaultAction::DoubleSpending`] | – | – | does nothing | – |
//!
//! A melt is like a deposit, but nobody must identify for it. A reveal is like a withdrawal, but its
//! denominations are known and nobody must identify. `withdraw`, `melt` and `reveal` are of both
//! generations of the protocol.
//!
//! Questions about what was wired:
//!
//! | act | question about a deposit | list of a transfer |
//! | --- | --- | --- |
//! | [`FaultAction::WrongSignature`], [`FaultAction::UnknownSigningKey`] | of what it says is wired | of the list |
//! | [`FaultAction::KycRequired`] | not wired before the owner identifies | – |
//! | [`FaultAction::NotFound`] | it knows no such deposit | it knows no such transfer |
//! | [`FaultAction::WrongTotal`] | another contribution, signed | another total, signed |
//! | [`FaultAction::WrongDepositFee`] | – | another fee of the first deposit, signed |
//! | [`FaultAction::WrongWireFee`] | – | another wire fee, of a total that fits, signed |
//! | [`FaultAction::OmitDeposit`] | – | without its first deposit, of a total that fits, signed |
//! | [`FaultAction::EndlessBody`] | – | a body without an end |
//!
//! They can also fail, and lose their answers, as the others.
//!
//! What it did is true all the same: only the answer lies, and the same request gets the true one
//! once the fault is over. Where the table has a dash, the switch is invalid and is refused.

use std::time::Duration;

use serde::Deserialize;

use super::failure::{Failure, Identification};
use super::{Sandbox, lock};
use taler::base32::ShortHash;
use taler::sign::{PublicKey, Signature, SigningKey, Statement};

/// Longest delay, in milliseconds.
const MAX_DELAY_MS: u64 = 120_000;

/// What goes wrong, by what is asked for. On the wire `{"deposit": {"act": "not_json"}}`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// At `GET /keys`.
    pub keys: Option<Fault>,
    /// At `POST /reserves/$RESERVE_PUB/batch-withdraw` and `POST /withdraw`.
    pub withdraw: Option<Fault>,
    /// At `POST /batch-deposit`.
    pub deposit: Option<Fault>,
    /// At `POST /coins/$COIN_PUB/refund`.
    pub refund: Option<Fault>,
    /// At `GET /deposits/…`.
    pub track: Option<Fault>,
    /// At `GET /transfers/$WTID`.
    pub transfer: Option<Fault>,
    /// At `POST /coins/$COIN_PUB/melt` and `POST /melt`.
    pub melt: Option<Fault>,
    /// At `POST /refreshes/$RC/reveal` and `POST /reveal-melt`.
    pub reveal: Option<Fault>,
}

/// What goes wrong, and how often.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// What is done instead of what should be.
    pub act: FaultAction,
    /// How long every answer waits, in milliseconds; at most two minutes.
    pub delay_ms: u64,
    /// For how many requests; `None` is for all.
    pub times: Option<u32>,
}

impl From<FaultAction> for Fault {
    fn from(act: FaultAction) -> Self {
        Self { act, ..Self::default() }
    }
}

/// What is done instead of what should be. In JSON as `"lose_answer"` or `{"status": 503}`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum FaultAction {
    /// What should be.
    #[default]
    Behave,
    /// Does nothing, and answers with this status.
    Status(u16),
    /// Does nothing, and answers with a web page.
    NotJson,
    /// Does it, and closes the connection instead of answering.
    LoseAnswer,
    /// Does it, and answers with this status.
    FailAfterwards(u16),
    /// Names the right key, which did not make the signature.
    WrongSignature,
    /// Signs with a key that the master key has not signed.
    UnknownSigningKey,
    /// Lists signing keys that have expired.
    ExpiredSigningKeys,
    /// Lists denominations that have expired.
    ExpiredDenominations,
    /// Another master key signs everything.
    OtherMasterKey,
    /// Demands that the account's owner identifies first: 451, code 1028.
    KycRequired,
    /// Says that the account is frozen: 451, code 1036.
    Frozen,
    /// Says that it does not know the denomination that it lists.
    DenominationUnknown,
    /// Says that the coin was spent before.
    DoubleSpending,
    /// Says that it knows nothing of what is asked for.
    NotFound,
    /// Signs another total.
    WrongTotal,
    /// Signs another deposit fee.
    WrongDepositFee,
    /// Signs another wire fee.
    WrongWireFee,
    /// Signs a list from which a deposit is missing.
    OmitDeposit,
    /// Never ends its answer.
    EndlessBody,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Endpoint {
    Keys,
    Withdraw,
    Deposit,
    Refund,
    Track,
    Transfer,
    Melt,
    Reveal,
}

impl Faults {
    /// Whether every act is one that can happen where it is set.
    pub(super) fn make_sense(&self) -> bool {
        [
            (Endpoint::Keys, self.keys),
            (Endpoint::Withdraw, self.withdraw),
            (Endpoint::Deposit, self.deposit),
            (Endpoint::Refund, self.refund),
            (Endpoint::Track, self.track),
            (Endpoint::Transfer, self.transfer),
            (Endpoint::Melt, self.melt),
            (Endpoint::Reveal, self.reveal),
        ]
        .iter()
        .all(|(endpoint, fault)| fault.is_none_or(|fault| fault.act.happens_at(*endpoint)))
    }

    fn of(&mut self, endpoint: Endpoint) -> &mut Option<Fault> {
        match endpoint {
            Endpoint::Keys => &mut self.keys,
            Endpoint::Withdraw => &mut self.withdraw,
            Endpoint::Deposit => &mut self.deposit,
            Endpoint::Refund => &mut self.refund,
            Endpoint::Track => &mut self.track,
            Endpoint::Transfer => &mut self.transfer,
            Endpoint::Melt => &mut self.melt,
            Endpoint::Reveal => &mut self.reveal,
        }
    }

    /// What happens to one request, which counts.
    fn meet(&mut self, endpoint: Endpoint) -> Fault {
        let slot = self.of(endpoint);
        let Some(fault) = slot else { return Fault::default() };
        let met = *fault;
        match &mut fault.times {
            None => {}
            Some(0) => {
                *slot = None;
                return Fault::default();
            }
            Some(times) => *times = times.saturating_sub(1),
        }
        met
    }
}

impl Sandbox {
    /// What happens to this request. Waits as long as it shall.
    ///
    /// # Errors
    /// When nothing is to be done but to fail.
    pub(super) async fn meet(&self, endpoint: Endpoint) -> Result<FaultAction, Failure> {
        let Fault { act, delay_ms, .. } = lock(&self.0.faults).meet(endpoint);
        if delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(delay_ms.min(MAX_DELAY_MS))).await;
        }
        match act {
            FaultAction::Status(status) => Err(Failure::Told(status)),
            FaultAction::NotJson => Err(Failure::Gibberish),
            other => Ok(other),
        }
    }
}

impl FaultAction {
    /// Whether it can happen to what is asked for: the table above.
    fn happens_at(self, endpoint: Endpoint) -> bool {
        match self {
            Self::Behave
            | Self::Status(_)
            | Self::NotJson
            | Self::LoseAnswer
            | Self::FailAfterwards(_)
            | Self::WrongSignature => true,
            Self::UnknownSigningKey => !matches!(endpoint, Endpoint::Withdraw | Endpoint::Reveal),
            Self::ExpiredSigningKeys | Self::ExpiredDenominations | Self::OtherMasterKey => {
                matches!(endpoint, Endpoint::Keys)
            }
            Self::KycRequired => matches!(
                endpoint,
                Endpoint::Withdraw | Endpoint::Deposit | Endpoint::Refund | Endpoint::Track
            ),
            Self::Frozen => {
                matches!(endpoint, Endpoint::Withdraw | Endpoint::Deposit | Endpoint::Refund)
            }
            Self::DenominationUnknown => {
                matches!(endpoint, Endpoint::Withdraw | Endpoint::Deposit | Endpoint::Melt)
            }
            Self::DoubleSpending => matches!(endpoint, Endpoint::Deposit | Endpoint::Melt),
            Self::NotFound | Self::WrongTotal => {
                matches!(endpoint, Endpoint::Track | Endpoint::Transfer)
            }
            Self::WrongDepositFee | Self::WrongWireFee | Self::OmitDeposit | Self::EndlessBody => {
                matches!(endpoint, Endpoint::Transfer)
            }
        }
    }

    /// Refuses for the law's sake, if it does; `h_payto` is whose account it is about, and
    /// `account_pub` the key that its owner shows.
    pub(super) fn apply(
        self,
        h_payto: ShortHash,
        account_pub: Option<PublicKey>,
    ) -> Result<(), Failure> {
        match self {
            Self::KycRequired => {
                Err(Failure::Kyc(Box::new(Identification { h_payto, account_pub })))
            }
            Self::Frozen => Err(Failure::Frozen),
            _ => Ok(()),
        }
    }

    /// What is said after everything was done.
    pub(super) fn answer<T>(self, answer: T) -> Result<T, Failure> {
        match self {
            Self::LoseAnswer => Err(Failure::Lost),
            Self::FailAfterwards(status) => Err(Failure::Told(status)),
            _ => Ok(answer),
        }
    }

    /// Who signed the statement and how, or what is told instead.
    pub(super) fn signed<S: Statement>(
        self,
        statement: &S,
        signed: (PublicKey, Signature),
    ) -> Result<(PublicKey, Signature), Failure> {
        let stranger = SigningKey::from_seed(system::random()?);
        Ok(match self {
            Self::WrongSignature => (signed.0, statement.sign(&stranger)),
            Self::UnknownSigningKey => (stranger.public_key(), statement.sign(&stranger)),
            _ => signed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Faults, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_fault_happens_as_often_as_it_is_told() {
        let mut faults = read(r#"{"deposit": {"act": {"status": 503}, "times": 2}}"#).unwrap();
        let mut met = || faults.meet(Endpoint::Deposit).act;
        assert_eq!(
            [met(), met(), met()],
            [FaultAction::Status(503), FaultAction::Status(503), FaultAction::Behave]
        );
        let mut faults = read(r#"{"refund": {"act": "lose_answer"}}"#).unwrap();
        for _ in 0..3 {
            assert_eq!(faults.meet(Endpoint::Refund).act, FaultAction::LoseAnswer);
            assert_eq!(faults.meet(Endpoint::Keys).act, FaultAction::Behave);
        }
    }

    #[test]
    fn nothing_is_no_fault_and_a_wrong_word_is_none_either() {
        let faults = read("{}").unwrap();
        assert!(faults.keys.is_none() && faults.deposit.is_none());
        assert!(read(r#"{"deposits": {}}"#).is_err());
        assert!(read(r#"{"deposit": {"act": "explode"}}"#).is_err());
        assert!(read(r#"{"deposit": {"delay": 7}}"#).is_err());
    }
}
