//! What the exchange signs (crypto 8): with its master key, what it is and costs; with a signing
//! key, what it did.

use super::{AmountBytes, PublicKey, Purpose, Signature, Statement};
use crate::base32::{HashCode, ShortHash};
use crate::{hash, kdf};

/// The master key signs a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningKeyValidity {
    /// From when on the key signs, in microseconds.
    pub start_us: u64,
    /// Until when it signs, in microseconds.
    pub expire_us: u64,
    /// Until when its signatures are good as evidence, in microseconds.
    pub end_us: u64,
    /// The signing key.
    pub key: PublicKey,
}

impl Statement for SigningKeyValidity {
    const PURPOSE: Purpose = Purpose::MasterSigningKey;

    fn body(&self) -> Vec<u8> {
        [
            &self.start_us.to_be_bytes()[..],
            &self.expire_us.to_be_bytes(),
            &self.end_us.to_be_bytes(),
            self.key.as_ref(),
        ]
        .concat()
    }
}

/// The master key signs a denomination, and fixes its fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DenominationValidity {
    /// The master key itself.
    pub master_pub: PublicKey,
    /// From when on coins are issued, in microseconds.
    pub start_us: u64,
    /// Until when coins are issued, in microseconds.
    pub expire_withdraw_us: u64,
    /// Until when coins can be spent, in microseconds.
    pub expire_deposit_us: u64,
    /// Until when the key is kept as evidence, in microseconds.
    pub expire_legal_us: u64,
    /// What a coin is worth.
    pub value: AmountBytes,
    /// What withdrawing a coin costs.
    pub fee_withdraw: AmountBytes,
    /// What depositing a coin costs.
    pub fee_deposit: AmountBytes,
    /// What changing a coin costs.
    pub fee_refresh: AmountBytes,
    /// What refunding a coin costs.
    pub fee_refund: AmountBytes,
    /// The denomination.
    pub h_denom: HashCode,
}

impl Statement for DenominationValidity {
    const PURPOSE: Purpose = Purpose::MasterDenomination;

    fn body(&self) -> Vec<u8> {
        [
            self.master_pub.as_ref(),
            &self.start_us.to_be_bytes(),
            &self.expire_withdraw_us.to_be_bytes(),
            &self.expire_deposit_us.to_be_bytes(),
            &self.expire_legal_us.to_be_bytes(),
            &self.value,
            &self.fee_withdraw,
            &self.fee_deposit,
            &self.fee_refresh,
            &self.fee_refund,
            self.h_denom.as_ref(),
        ]
        .concat()
    }
}

/// The master key states what transfers by one wire method cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireFees<'a> {
    /// The wire method, such as `iban`.
    pub method: &'a str,
    /// From when on, in microseconds.
    pub start_us: u64,
    /// Until when, in microseconds.
    pub end_us: u64,
    /// What a transfer to a merchant costs.
    pub wire_fee: AmountBytes,
    /// What closing a reserve costs.
    pub closing_fee: AmountBytes,
}

impl Statement for WireFees<'_> {
    const PURPOSE: Purpose = Purpose::MasterWireFees;

    fn body(&self) -> Vec<u8> {
        [
            hash::text_hash(self.method).as_ref(),
            &self.start_us.to_be_bytes(),
            &self.end_us.to_be_bytes(),
            &self.wire_fee,
            &self.closing_fee,
        ]
        .concat()
    }
}

/// The master key states fees that wallets pay, and no merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalFees {
    /// From when on, in microseconds.
    pub start_us: u64,
    /// Until when, in microseconds.
    pub end_us: u64,
    /// How long a purse may stay open, in microseconds.
    pub purse_timeout_us: u64,
    /// How long histories are kept, in microseconds.
    pub history_expiration_us: u64,
    /// What a history costs.
    pub history_fee: AmountBytes,
    /// What an account costs in a year.
    pub account_fee: AmountBytes,
    /// What a purse costs.
    pub purse_fee: AmountBytes,
    /// How many purses an account has free.
    pub purse_account_limit: u32,
}

impl Statement for GlobalFees {
    const PURPOSE: Purpose = Purpose::MasterGlobalFees;

    fn body(&self) -> Vec<u8> {
        [
            &self.start_us.to_be_bytes()[..],
            &self.end_us.to_be_bytes(),
            &self.purse_timeout_us.to_be_bytes(),
            &self.history_expiration_us.to_be_bytes(),
            &self.history_fee,
            &self.account_fee,
            &self.purse_fee,
            &self.purse_account_limit.to_be_bytes(),
        ]
        .concat()
    }
}

/// The master key states a bank account of the exchange. The layout is that since April 2023:
/// before, conversion and restrictions were not covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account<'a> {
    /// The account, as full payto text.
    pub payto: &'a str,
    /// Where money is converted on its way, if it is.
    pub conversion_url: Option<&'a str>,
    /// Whom the account may pay: the hash of the JSON array.
    pub h_debit_restrictions: HashCode,
    /// Who may pay the account: the hash of the JSON array.
    pub h_credit_restrictions: HashCode,
}

impl Statement for Account<'_> {
    const PURPOSE: Purpose = Purpose::MasterAccount;

    fn body(&self) -> Vec<u8> {
        [
            hash::payto_hash(self.payto).as_ref(),
            self.conversion_url.map_or(HashCode::ZERO, hash::text_hash).as_ref(),
            self.h_debit_restrictions.as_ref(),
            self.h_credit_restrictions.as_ref(),
        ]
        .concat()
    }
}

/// The master key states what the exchange does beyond the plain protocol, such as ages of coins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extensions<'a> {
    /// The member `extensions` of `GET /keys`, as canonical JSON.
    pub manifests: &'a str,
}

impl Statement for Extensions<'_> {
    const PURPOSE: Purpose = Purpose::MasterExtensions;

    fn body(&self) -> Vec<u8> {
        // The text ends with a zero byte, as in C.
        let text = [self.manifests.as_bytes(), &[0]].concat();
        kdf::hkdf::<64>(b"taler-extensions-manifests", &text, &[]).to_vec()
    }
}

/// A signing key states which denominations an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySet<'a> {
    /// Of when the list is, in microseconds.
    pub list_issue_date_us: u64,
    /// The master key's signatures of the denominations, in the order of the answer.
    pub master_sigs: &'a [Signature],
}

impl Statement for KeySet<'_> {
    const PURPOSE: Purpose = Purpose::ExchangeKeySet;

    fn body(&self) -> Vec<u8> {
        [&self.list_issue_date_us.to_be_bytes()[..], hash_of(self.master_sigs).as_ref()].concat()
    }
}

/// A signing key confirms that coins were deposited. The layout is that since September 2023:
/// one confirmation for all coins of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositConfirmation<'a> {
    /// The contract that was paid.
    pub h_contract: HashCode,
    /// The merchant's account.
    pub h_wire: HashCode,
    /// The policy of the deposit, if it has one.
    pub h_policy: Option<HashCode>,
    /// When the exchange took the coins, in microseconds; it says so in its answer.
    pub exchange_timestamp_us: u64,
    /// Until when it pays out, in microseconds.
    pub wire_transfer_deadline_us: u64,
    /// Until when it refunds, in microseconds; 0 if it does not.
    pub refund_deadline_us: u64,
    /// What the coins pay. Without deposit fees by the exchanges seen, with them by the printed
    /// draft: try both (crypto 8.7).
    pub total: AmountBytes,
    /// The signatures of the coins, in the order of the request.
    pub coin_sigs: &'a [Signature],
    /// The merchant's key.
    pub merchant_pub: PublicKey,
}

impl Statement for DepositConfirmation<'_> {
    const PURPOSE: Purpose = Purpose::ExchangeDeposit;

    fn body(&self) -> Vec<u8> {
        [
            self.h_contract.as_ref(),
            self.h_wire.as_ref(),
            self.h_policy.unwrap_or(HashCode::ZERO).as_ref(),
            &self.exchange_timestamp_us.to_be_bytes(),
            &self.wire_transfer_deadline_us.to_be_bytes(),
            &self.refund_deadline_us.to_be_bytes(),
            &self.total,
            hash_of(self.coin_sigs).as_ref(),
            self.merchant_pub.as_ref(),
        ]
        .concat()
    }
}

/// A signing key confirms that a coin was melted, and says what of the commitment its owner need not
/// reveal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeltConfirmation {
    /// The commitment.
    pub commitment: HashCode,
    /// Which of the candidates stays hidden, and is signed.
    pub noreveal_index: u32,
}

impl Statement for MeltConfirmation {
    const PURPOSE: Purpose = Purpose::ExchangeMelt;

    fn body(&self) -> Vec<u8> {
        [self.commitment.as_ref(), &self.noreveal_index.to_be_bytes()].concat()
    }
}

/// A signing key confirms that a coin was refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundConfirmation {
    /// The contract that the coin paid for.
    pub h_contract: HashCode,
    /// The coin.
    pub coin_pub: PublicKey,
    /// The merchant's key.
    pub merchant_pub: PublicKey,
    /// The number that the merchant gave the refund.
    pub rtransaction_id: u64,
    /// What was taken back, the refund fee included.
    pub amount: AmountBytes,
}

impl Statement for RefundConfirmation {
    const PURPOSE: Purpose = Purpose::ExchangeRefund;

    fn body(&self) -> Vec<u8> {
        [
            self.h_contract.as_ref(),
            self.coin_pub.as_ref(),
            self.merchant_pub.as_ref(),
            &self.rtransaction_id.to_be_bytes(),
            &self.amount,
        ]
        .concat()
    }
}

/// A signing key says with which transfer a coin's deposit was paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireConfirmation {
    /// The merchant's account.
    pub h_wire: HashCode,
    /// The contract that was paid.
    pub h_contract: HashCode,
    /// The transfer.
    pub wtid: ShortHash,
    /// The coin.
    pub coin_pub: PublicKey,
    /// When the transfer was made, in microseconds.
    pub execution_time_us: u64,
    /// What the coin paid, without the deposit fee.
    pub coin_contribution: AmountBytes,
}

impl Statement for WireConfirmation {
    const PURPOSE: Purpose = Purpose::ExchangeWire;

    fn body(&self) -> Vec<u8> {
        [
            self.h_wire.as_ref(),
            self.h_contract.as_ref(),
            self.wtid.as_ref(),
            self.coin_pub.as_ref(),
            &self.execution_time_us.to_be_bytes(),
            &self.coin_contribution,
        ]
        .concat()
    }
}

/// A signing key says which deposits a transfer paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferConfirmation<'a> {
    /// What was transferred.
    pub total: AmountBytes,
    /// What the transfer cost.
    pub wire_fee: AmountBytes,
    /// The merchant's key.
    pub merchant_pub: PublicKey,
    /// The merchant's account, as the hash of its full payto text.
    pub h_payto: ShortHash,
    /// When the transfer was made, in microseconds.
    pub execution_time_us: u64,
    /// The deposits, in the order of the answer.
    pub deposits: &'a [TransferredDeposit],
}

/// One of the deposits that a transfer paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferredDeposit {
    /// The contract that was paid.
    pub h_contract: HashCode,
    /// The coin.
    pub coin_pub: PublicKey,
    /// What the coin paid, the deposit fee included.
    pub deposit_value: AmountBytes,
    /// The deposit fee.
    pub deposit_fee: AmountBytes,
}

impl TransferConfirmation<'_> {
    /// The hash of the deposits. The time in it is that of the whole transfer.
    fn h_details(&self) -> HashCode {
        let time = self.execution_time_us.to_be_bytes();
        hash::sha512_all(self.deposits.iter().flat_map(|deposit| {
            [
                deposit.h_contract.as_ref(),
                &time,
                deposit.coin_pub.as_ref(),
                &deposit.deposit_value,
                &deposit.deposit_fee,
            ]
        }))
    }
}

impl Statement for TransferConfirmation<'_> {
    const PURPOSE: Purpose = Purpose::ExchangeTransfer;

    fn body(&self) -> Vec<u8> {
        [
            &self.total,
            &self.wire_fee,
            self.merchant_pub.as_ref(),
            self.h_payto.as_ref(),
            self.h_details().as_ref(),
        ]
        .concat()
    }
}

/// A signing key states that a denomination is unknown to the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DenominationUnknown {
    /// When, in microseconds.
    pub timestamp_us: u64,
    /// The denomination.
    pub h_denom: HashCode,
}

impl Statement for DenominationUnknown {
    const PURPOSE: Purpose = Purpose::ExchangeDenominationUnknown;

    fn body(&self) -> Vec<u8> {
        [&self.timestamp_us.to_be_bytes()[..], self.h_denom.as_ref()].concat()
    }
}

/// A signing key states that a denomination has expired, is not valid yet, or was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DenominationExpired {
    /// When, in microseconds.
    pub timestamp_us: u64,
    /// What was tried, filled with zeros; a deposit is [`DenominationExpired::DEPOSIT`].
    pub operation: [u8; 8],
    /// The denomination.
    pub h_denom: HashCode,
}

impl DenominationExpired {
    /// The operation of a deposit.
    pub const DEPOSIT: [u8; 8] = *b"DEPOSIT\0";
}

impl Statement for DenominationExpired {
    const PURPOSE: Purpose = Purpose::ExchangeDenominationExpired;

    fn body(&self) -> Vec<u8> {
        [&self.timestamp_us.to_be_bytes()[..], &self.operation, self.h_denom.as_ref()].concat()
    }
}

/// The hash of signatures, one after another.
fn hash_of(signatures: &[Signature]) -> HashCode {
    hash::sha512_all(signatures.iter().map(AsRef::as_ref))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, is_outdated};
    use super::super::{merchant, message};
    use super::*;
    use crate::canonical;
    use crate::vectors::{self, Entry};

    #[test]
    fn every_vector_of_confirmations_holds() {
        let file = include_str!("../../tests/vectors/deposit_confirmation.json");
        vectors::each(file, 18, |entry| match entry.text("op") {
            "batch_deposit" => confirms_deposit(entry),
            "track_request" => merchant::tests::tracks(entry),
            "wire_confirmation" => {
                let confirmation = WireConfirmation {
                    h_wire: entry.bytes("h_wire"),
                    h_contract: entry.bytes("h_contract_terms"),
                    wtid: entry.bytes("wtid"),
                    coin_pub: entry.read("coin_pub"),
                    execution_time_us: entry.micros("execution_time"),
                    coin_contribution: entry.amount("coin_contribution"),
                };
                holds(entry, &confirmation, "exchange", "exchange_sig");
            }
            "transfer" => confirms_transfer(entry),
            _ => entry.unknown(),
        });
    }

    fn confirms_deposit(entry: &Entry) {
        let coin_sigs: Vec<Signature> = entry.read("coin_sigs");
        let confirmation = DepositConfirmation {
            h_contract: entry.bytes("h_contract_terms"),
            h_wire: entry.bytes("h_wire"),
            h_policy: Some(entry.bytes("h_policy")),
            exchange_timestamp_us: entry.micros("exchange_timestamp"),
            wire_transfer_deadline_us: entry.micros("wire_transfer_deadline"),
            refund_deadline_us: entry.micros("refund_deadline"),
            total: entry.amount("total_without_fee"),
            coin_sigs: &coin_sigs,
            merchant_pub: entry.read("merchant_pub"),
        };
        holds(entry, &confirmation, "exchange", "exchange_sig");
        if !entry.get("h_coin_sigs").is_null() {
            assert_eq!(hash_of(&coin_sigs), entry.bytes("h_coin_sigs"), "{}", entry.id());
        }
    }

    fn confirms_transfer(entry: &Entry) {
        let deposits: Vec<_> = entry
            .entries("deposits")
            .iter()
            .map(|deposit| {
                assert_eq!(deposit.number("execution_time"), 1_781_942_400, "{}", entry.id());
                TransferredDeposit {
                    h_contract: deposit.bytes("h_contract_terms"),
                    coin_pub: deposit.read("coin_pub"),
                    deposit_value: deposit.amount("deposit_value"),
                    deposit_fee: deposit.amount("deposit_fee"),
                }
            })
            .collect();
        let confirmation = TransferConfirmation {
            total: entry.amount("total"),
            wire_fee: entry.amount("wire_fee"),
            merchant_pub: entry.read("merchant_pub"),
            h_payto: hash::payto_hash(entry.text("payto_uri")),
            execution_time_us: 1_781_942_400_000_000,
            deposits: &deposits,
        };
        assert_eq!(confirmation.h_payto, entry.bytes("h_payto"), "{}", entry.id());
        assert_eq!(confirmation.h_details(), entry.bytes("h_details"), "{}", entry.id());
        holds(entry, &confirmation, "exchange", "exchange_sig");
    }

    #[test]
    fn every_vector_of_keys_fees_and_accounts_holds() {
        let file = include_str!("../../tests/vectors/exchange_key_sigs.json");
        vectors::each(file, 26, |entry| match entry.text("op") {
            "wire_fee" => {
                let fees = WireFees {
                    method: entry.text("wire_method"),
                    start_us: entry.micros("start_date"),
                    end_us: entry.micros("end_date"),
                    wire_fee: entry.amount("wire_fee"),
                    closing_fee: entry.amount("closing_fee"),
                };
                holds(entry, &fees, "master", "master_sig");
            }
            "denomination" => {
                let denomination = DenominationValidity {
                    master_pub: entry.read("master_pub"),
                    start_us: entry.micros("stamp_start"),
                    expire_withdraw_us: entry.micros("stamp_expire_withdraw"),
                    expire_deposit_us: entry.micros("stamp_expire_deposit"),
                    expire_legal_us: entry.micros("stamp_expire_legal"),
                    value: entry.amount("value"),
                    fee_withdraw: entry.amount("fee_withdraw"),
                    fee_deposit: entry.amount("fee_deposit"),
                    fee_refresh: entry.amount("fee_refresh"),
                    fee_refund: entry.amount("fee_refund"),
                    h_denom: entry.bytes("h_denom_pub"),
                };
                holds(entry, &denomination, "master", "master_sig");
            }
            "signing_key" => {
                let key = SigningKeyValidity {
                    start_us: entry.micros("stamp_start"),
                    expire_us: entry.micros("stamp_expire"),
                    end_us: entry.micros("stamp_end"),
                    key: entry.read("key"),
                };
                holds(entry, &key, "master", "master_sig");
            }
            "global_fee" => {
                let fees = GlobalFees {
                    start_us: entry.micros("start_date"),
                    end_us: entry.micros("end_date"),
                    purse_timeout_us: entry.number("purse_timeout_us"),
                    history_expiration_us: entry.number("history_expiration_us"),
                    history_fee: entry.amount("history_fee"),
                    account_fee: entry.amount("account_fee"),
                    purse_fee: entry.amount("purse_fee"),
                    purse_account_limit: entry.read("purse_account_limit"),
                };
                holds(entry, &fees, "master", "master_sig");
            }
            "account" => states_account(entry),
            "key_set" => {
                let master_sigs: Vec<Signature> = entry.read("denomination_master_sigs");
                let keys = KeySet {
                    list_issue_date_us: entry.micros("list_issue_date"),
                    master_sigs: &master_sigs,
                };
                holds(entry, &keys, "exchange", "exchange_sig");
            }
            _ => entry.unknown(),
        });
    }

    fn states_account(entry: &Entry) {
        let restrictions = |member| canonical::json_hash(entry.get(member)).unwrap();
        let account = Account {
            payto: entry.text("payto_uri"),
            conversion_url: entry.get("conversion_url").as_str(),
            h_debit_restrictions: restrictions("debit_restrictions"),
            h_credit_restrictions: restrictions("credit_restrictions"),
        };
        match entry.text("layout") {
            "current" => holds(entry, &account, "master", "master_sig"),
            "2022" => {
                let payto_hash = hash::payto_hash(account.payto);
                is_outdated(entry, &account, payto_hash.as_ref(), ("master", "master_sig"));
            }
            _ => entry.unknown(),
        }
        for (member, hash) in [
            ("h_full_payto", hash::payto_hash(account.payto).to_string()),
            ("h_debit_restrictions", account.h_debit_restrictions.to_string()),
            ("h_credit_restrictions", account.h_credit_restrictions.to_string()),
        ] {
            if let Some(expected) = entry.get(member).as_str() {
                assert_eq!(hash, expected, "{}", entry.id());
            }
        }
    }

    #[test]
    fn layouts_without_vectors_have_the_size_that_is_written() {
        fn size<S: Statement>(statement: &S) -> usize {
            message(S::PURPOSE.number(), &statement.body()).len()
        }
        let h_denom = HashCode::ZERO;
        assert_eq!(size(&DenominationUnknown { timestamp_us: 0, h_denom }), 80);
        let operation = DenominationExpired::DEPOSIT;
        assert_eq!(size(&DenominationExpired { timestamp_us: 0, operation, h_denom }), 88);
    }
}
