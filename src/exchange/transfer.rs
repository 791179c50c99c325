//! Asks an exchange what a transfer paid for, and compares its answer with what the shop knows (crypto 8.9 and
//! 14.5, settlement 2.2).
//!
//! The answer is believed only with the signature of one of the exchange's keys. What is signed may still
//! differ from what the shop knows: [`TransferReport::check`] finds the first difference.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Error, Exchange};
use taler::amount::{Amount, AmountError};
use taler::base32::{HashCode, ShortHash};
use taler::exchange::Keys;
use taler::sign::exchange::{TransferConfirmation, TransferredDeposit};
use taler::sign::{PublicKey, Signature, Statement};
use taler::time::Timestamp;

/// What an exchange says of a transfer. Its signature holds.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TransferReport {
    /// What arrives: the wire fee is taken off.
    pub total: Amount,
    /// What the transfer cost.
    pub wire_fee: Amount,
    /// The key of the shop that was paid.
    pub merchant_pub: PublicKey,
    /// The shop's account, as the hash of its full payto URI.
    pub h_payto: ShortHash,
    /// When the transfer was made.
    pub execution_time: Timestamp,
    /// What it paid for, in the order that is signed.
    pub deposits: Vec<ReportedDeposit>,
    /// With which key the exchange signed.
    pub exchange_pub: PublicKey,
    /// The signature with that key.
    pub exchange_sig: Signature,
}

/// One of the deposits that a transfer paid for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct ReportedDeposit {
    /// The contract that the coin paid for.
    pub h_contract_terms: HashCode,
    /// The coin.
    pub coin_pub: PublicKey,
    /// What is left of its contribution after refunds (observed-exchange 1).
    pub deposit_value: Amount,
    /// The deposit fee, or what was left of the contribution if that is less.
    pub deposit_fee: Amount,
    /// What of the contribution was refunded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_total: Option<Amount>,
}

/// Names a deposit: the contract, and the coin that paid for it.
type DepositName = (HashCode, PublicKey);

/// What the shop knows of a deposit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownDeposit {
    /// What the coin gave, the deposit fee included.
    pub contribution: Amount,
    /// The deposit fee of its denomination.
    pub deposit_fee: Amount,
    /// What the exchange has confirmed to have refunded of it.
    pub refunded: Amount,
    /// What it was asked to refund besides, without an answer so far: it may have done so.
    pub refund_asked: Amount,
}

/// What the shop knows about a transfer to be checked.
#[derive(Debug)]
pub struct TransferTarget<'a> {
    /// The shop's key.
    pub merchant_pub: PublicKey,
    /// The hash of its account's full payto URI.
    pub h_payto: ShortHash,
    /// Its deposits at this exchange, at least those of the transfer.
    pub known: &'a HashMap<DepositName, KnownDeposit>,
    /// Those that the exchange itself has said to be in this transfer.
    pub promised: &'a [DepositName],
    /// What the exchange publishes as its fee; `None` if it says nothing of that time.
    pub wire_fee: Option<Amount>,
}

/// How a signed report differs from what the shop knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TransferFault {
    /// It is for another shop or another account.
    #[error("the transfer went to another account")]
    Account,
    /// The shop has no such deposit.
    #[error("the transfer lists the coin {0}, which did not pay this shop")]
    DepositUnknown(PublicKey),
    /// It is there twice.
    #[error("the transfer lists the coin {0} twice for one contract")]
    DepositTwice(PublicKey),
    /// Its value or fee is another.
    #[error("the transfer lists the coin {0} with another value or fee")]
    DepositDiffers(PublicKey),
    /// What was refunded of it is another amount.
    #[error("the transfer lists the coin {0} with other refunds")]
    RefundDiffers(PublicKey),
    /// The exchange has said that it is in this transfer, and it is not.
    #[error("the exchange named this transfer for the coin {0}, which the transfer does not list")]
    DepositMissing(PublicKey),
    /// The deposits do not add up to what was transferred.
    #[error("the deposits do not add up to the total of the transfer")]
    Sum,
    /// The wire fee is not the published one. All else is right.
    #[error("the wire fee is not the one that the exchange publishes")]
    WireFee,
}

impl TransferFault {
    /// Taler's code for it (settlement 2.2).
    pub const fn code(&self) -> u32 {
        match self {
            Self::Account => 2558,
            Self::RefundDiffers(_) => 2553,
            Self::DepositUnknown(_)
            | Self::DepositTwice(_)
            | Self::DepositDiffers(_)
            | Self::DepositMissing(_) => 2563,
            Self::Sum => 2014,
            Self::WireFee => 2554,
        }
    }

    /// The coin that it is about.
    pub const fn coin(&self) -> Option<PublicKey> {
        match self {
            Self::DepositUnknown(coin)
            | Self::DepositTwice(coin)
            | Self::DepositDiffers(coin)
            | Self::RefundDiffers(coin)
            | Self::DepositMissing(coin) => Some(*coin),
            Self::Account | Self::Sum | Self::WireFee => None,
        }
    }

    /// Whether the deposits that the transfer lists count as paid all the same: only the exchange's fee is
    /// not as published.
    pub const fn is_paid_all_the_same(&self) -> bool {
        matches!(self, Self::WireFee)
    }
}

impl TransferReport {
    /// Whether the exchange's signature holds for all of it.
    fn holds(&self) -> bool {
        let deposits: Vec<_> = self
            .deposits
            .iter()
            .map(|deposit| TransferredDeposit {
                h_contract: deposit.h_contract_terms,
                coin_pub: deposit.coin_pub,
                deposit_value: deposit.deposit_value.to_nbo(),
                deposit_fee: deposit.deposit_fee.to_nbo(),
            })
            .collect();
        let statement = TransferConfirmation {
            total: self.total.to_nbo(),
            wire_fee: self.wire_fee.to_nbo(),
            merchant_pub: self.merchant_pub,
            h_payto: self.h_payto,
            execution_time_us: self.execution_time.to_micros(),
            deposits: &deposits,
        };
        statement.verify(&self.exchange_pub, &self.exchange_sig)
    }

    /// Compares it with what the shop knows.
    ///
    /// # Errors
    /// The first difference, in the order of [`TransferFault`].
    pub fn check(&self, target: &TransferTarget<'_>) -> Result<(), TransferFault> {
        if self.merchant_pub != target.merchant_pub || self.h_payto != target.h_payto {
            return Err(TransferFault::Account);
        }
        let mut listed = HashSet::with_capacity(self.deposits.len());
        for deposit in &self.deposits {
            let name = (deposit.h_contract_terms, deposit.coin_pub);
            let known = target.known.get(&name);
            deposit.check(known.ok_or(TransferFault::DepositUnknown(deposit.coin_pub))?)?;
            if !listed.insert(name) {
                return Err(TransferFault::DepositTwice(deposit.coin_pub));
            }
        }
        if let Some((_, coin)) = target.promised.iter().find(|name| !listed.contains(*name)) {
            return Err(TransferFault::DepositMissing(*coin));
        }
        if self.sum() != Ok(self.total) {
            return Err(TransferFault::Sum);
        }
        match target.wire_fee {
            Some(published) if published != self.wire_fee => Err(TransferFault::WireFee),
            Some(_) | None => Ok(()),
        }
    }

    /// What the deposits bring, without all fees.
    fn sum(&self) -> Result<Amount, AmountError> {
        let zero = Amount::zero(*self.total.currency());
        let nets = self.deposits.iter().try_fold(zero, |sum, deposit| {
            sum.checked_add(&deposit.deposit_value.checked_sub(&deposit.deposit_fee)?)
        });
        nets?.checked_sub(&self.wire_fee)
    }
}

impl ReportedDeposit {
    /// Compares it with what the shop knows of the deposit.
    fn check(&self, known: &KnownDeposit) -> Result<(), TransferFault> {
        let differs = TransferFault::DepositDiffers(self.coin_pub);
        let zero = Amount::zero(*self.deposit_value.currency());
        let refunded = self.refund_total.unwrap_or(zero);
        if self.deposit_value.checked_add(&refunded) != Ok(known.contribution) {
            return Err(differs);
        }
        let is_within = |amount: &Amount, most: Result<Amount, AmountError>| {
            most.and_then(|most| amount.try_cmp(&most)).is_ok_and(Ordering::is_le)
        };
        let most = known.refunded.checked_add(&known.refund_asked);
        if !is_within(&refunded, most) || !is_within(&known.refunded, Ok(refunded)) {
            return Err(TransferFault::RefundDiffers(self.coin_pub));
        }
        // When less is left than the fee, that is taken.
        let is_all_left = is_within(&self.deposit_value, Ok(known.deposit_fee));
        let fee = if is_all_left { self.deposit_value } else { known.deposit_fee };
        if self.deposit_fee == fee { Ok(()) } else { Err(differs) }
    }
}

impl Exchange {
    /// Asks what the transfer `wtid` paid for.
    ///
    /// # Errors
    /// [`Error::Refused`], with 404 for a transfer that the exchange did not make; [`Error::TooLarge`] for more
    /// than 8 MiB; otherwise as everywhere.
    pub async fn transfer(&self, keys: &Keys, wtid: &ShortHash) -> Result<TransferReport, Error> {
        let url = self.url(&["transfers", &wtid.to_string()]);
        let reply = self.0.http.get_transfer(&url).await?;
        let report = TransferReport::deserialize(reply)
            .map_err(|error| Error::Malformed(error.to_string()))?;
        self.verify_signing_key(keys, &report.exchange_pub, report.execution_time).await?;
        match report.holds() {
            true => Ok(report),
            false => Err(Error::Unconfirmed),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use TransferFault::*;

    /// As an unmodified exchange of December 2024 answered: four coins of four contracts, of one a part was
    /// refunded.
    fn report() -> TransferReport {
        let file = include_str!(
            "../../tests/vectors/real-exchange/transfers-200-4-coins-one-refunded.json"
        );
        let file: Value = serde_json::from_str(file).unwrap();
        serde_json::from_value(file["answer"]["body"].clone()).unwrap()
    }

    fn amount(text: &str) -> Amount {
        Amount::parse(format!("KUDOS:{text}")).unwrap()
    }

    /// What a shop knows if all is right.
    fn known(report: &TransferReport) -> HashMap<DepositName, KnownDeposit> {
        let one = |deposit: &ReportedDeposit| {
            let refunded = deposit.refund_total.unwrap_or(amount("0"));
            let known = KnownDeposit {
                contribution: deposit.deposit_value.checked_add(&refunded).unwrap(),
                deposit_fee: amount("0.01"),
                refunded,
                refund_asked: amount("0"),
            };
            ((deposit.h_contract_terms, deposit.coin_pub), known)
        };
        report.deposits.iter().map(one).collect()
    }

    /// The verdict when the exchange, the shop, or both say something else.
    fn verdict(
        change: impl FnOnce(
            &mut TransferReport,
            &mut HashMap<DepositName, KnownDeposit>,
            &mut Vec<DepositName>,
        ),
    ) -> Result<(), TransferFault> {
        let mut report = report();
        let mut known = known(&report);
        let mut promised: Vec<_> = known.keys().copied().collect();
        let (merchant_pub, h_payto) = (report.merchant_pub, report.h_payto);
        change(&mut report, &mut known, &mut promised);
        report.check(&TransferTarget {
            merchant_pub,
            h_payto,
            known: &known,
            promised: &promised,
            wire_fee: Some(amount("0.03")),
        })
    }

    #[test]
    fn the_list_of_a_real_exchange_checks_out() {
        assert!(report().holds());
        assert_eq!(verdict(|_, _, _| {}), Ok(()));
    }

    #[test]
    fn each_difference_has_a_verdict_of_its_own() {
        let coins: Vec<_> = report().deposits.iter().map(|deposit| deposit.coin_pub).collect();
        let stranger = PublicKey::new([7; 32]);
        assert_eq!(verdict(|report, _, _| report.merchant_pub = stranger), Err(Account));
        assert_eq!(verdict(|report, _, _| report.h_payto = ShortHash::ZERO), Err(Account));
        let foreign = verdict(|report, _, _| report.deposits[3].coin_pub = stranger);
        assert_eq!(foreign, Err(DepositUnknown(stranger)));
        let twice = verdict(|report, _, _| {
            let again = report.deposits[0];
            report.deposits.push(again);
        });
        assert_eq!(twice, Err(DepositTwice(coins[0])));
        let less = verdict(|report, _, _| report.deposits[0].deposit_value = amount("0.5"));
        assert_eq!(less, Err(DepositDiffers(coins[0])));
        let dearer = verdict(|report, _, _| report.deposits[2].deposit_fee = amount("0.02"));
        assert_eq!(dearer, Err(DepositDiffers(coins[2])));
        let missing = verdict(|report, _, _| {
            report.deposits.remove(0);
        });
        assert_eq!(missing, Err(DepositMissing(coins[0])));
        assert_eq!(verdict(|report, _, _| report.total = amount("3.71")), Err(Sum));
        // The whole sum is there, and the exchange keeps more of it.
        let fee = verdict(|report, _, _| {
            report.wire_fee = amount("0.13");
            report.total = amount("3.6");
        });
        assert_eq!(fee, Err(WireFee));
        assert!(WireFee.is_paid_all_the_same() && !Sum.is_paid_all_the_same());
    }

    #[test]
    fn refunds_are_those_that_the_exchange_confirmed_or_was_asked_for() {
        let coin = report().deposits[1].coin_pub;
        let name = (report().deposits[1].h_contract_terms, coin);
        let with = |refunded: &str, refund_asked: &str| {
            verdict(|_, known, _| {
                let known = known.get_mut(&name).unwrap();
                known.refunded = amount(refunded);
                known.refund_asked = amount(refund_asked);
            })
        };
        // 0.4 was refunded.
        assert_eq!(with("0.4", "0"), Ok(()));
        assert_eq!(with("0", "0.4"), Ok(()));
        assert_eq!(with("0.1", "0.5"), Ok(()));
        assert_eq!(with("0", "0"), Err(RefundDiffers(coin)));
        assert_eq!(with("0.5", "0"), Err(RefundDiffers(coin)));
        assert_eq!(with("0.1", "0.2"), Err(RefundDiffers(coin)));
    }

    #[test]
    fn what_is_left_of_a_fee_is_the_fee() {
        let after_refund = |value: &str, fee: &str| {
            let deposit = ReportedDeposit {
                h_contract_terms: HashCode::ZERO,
                coin_pub: PublicKey::new([1; 32]),
                deposit_value: amount(value),
                deposit_fee: amount(fee),
                refund_total: Some(amount("1").checked_sub(&amount(value)).unwrap()),
            };
            let refunded = deposit.refund_total.unwrap();
            deposit.check(&KnownDeposit {
                contribution: amount("1"),
                deposit_fee: amount("0.01"),
                refunded,
                refund_asked: amount("0"),
            })
        };
        // As seen: 1.00 less 0.995.
        assert_eq!(after_refund("0.005", "0.005"), Ok(()));
        assert_eq!(after_refund("0", "0"), Ok(()));
        assert_eq!(after_refund("0.01", "0.01"), Ok(()));
        assert!(after_refund("0.005", "0.01").is_err());
        assert!(after_refund("0.02", "0.02").is_err());
    }
}
