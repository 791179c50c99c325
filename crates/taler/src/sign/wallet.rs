//! What the customer's wallet signs (crypto 7, 11 and 14.7, real-wallets 5.1 and 5.3).

use super::{AmountBytes, PublicKey, Purpose, Statement};
use crate::base32::{Bytes, HashCode, ShortHash};
use crate::hash;

/// A coin pays for a contract; signed with the coin's key. The layout is that of exchanges since
/// August 2023: before, the wallet's data were not covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositPermission {
    /// The contract.
    pub h_contract: HashCode,
    /// How old the coin's owner may be, if the coin tells.
    pub h_age_commitment: Option<ShortHash>,
    /// The policy of the deposit, if it has one.
    pub h_policy: Option<HashCode>,
    /// The merchant's account.
    pub h_wire: HashCode,
    /// The coin's denomination.
    pub h_denom: HashCode,
    /// When the contract was made, in microseconds.
    pub timestamp_us: u64,
    /// Until when the merchant may refund, in microseconds; 0 if the contract does not say.
    pub refund_deadline_us: u64,
    /// What the coin pays, the deposit fee included.
    pub contribution: AmountBytes,
    /// The deposit fee of the denomination.
    pub deposit_fee: AmountBytes,
    /// The merchant's key.
    pub merchant_pub: PublicKey,
    /// The data that the wallet sends with the payment, if any.
    pub wallet_data_hash: Option<HashCode>,
}

impl Statement for DepositPermission {
    const PURPOSE: Purpose = Purpose::WalletCoinDeposit;

    fn body(&self) -> Vec<u8> {
        [
            self.h_contract.as_ref(),
            self.h_age_commitment.unwrap_or(ShortHash::ZERO).as_ref(),
            self.h_policy.unwrap_or(HashCode::ZERO).as_ref(),
            self.h_wire.as_ref(),
            self.h_denom.as_ref(),
            &self.timestamp_us.to_be_bytes(),
            &self.refund_deadline_us.to_be_bytes(),
            &self.contribution,
            &self.deposit_fee,
            self.merchant_pub.as_ref(),
            self.wallet_data_hash.unwrap_or(HashCode::ZERO).as_ref(),
        ]
        .concat()
    }
}

/// A reserve's owner withdraws a coin; signed with the reserve's key. Only the sandbox exchange
/// and its wallet speak this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReserveWithdraw {
    /// The coin's value and the withdrawal fee.
    pub amount_with_fee: AmountBytes,
    /// The coin's denomination.
    pub h_denom: HashCode,
    /// The blinded coin.
    pub h_coin_ev: HashCode,
}

impl Statement for ReserveWithdraw {
    const PURPOSE: Purpose = Purpose::WalletReserveWithdraw;

    fn body(&self) -> Vec<u8> {
        [&self.amount_with_fee, self.h_denom.as_ref(), self.h_coin_ev.as_ref()].concat()
    }
}

/// A reserve's owner withdraws several coins at once; signed with the reserve's key. The layout is
/// that of exchanges since protocol 26. Only the sandbox exchange and its wallet speak this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchWithdraw<'a> {
    /// The sum of the coins' values.
    pub value: AmountBytes,
    /// The sum of the withdrawal fees.
    pub fee: AmountBytes,
    /// The blinded coins, in the order of the request.
    pub h_coin_evs: &'a [HashCode],
}

impl Statement for BatchWithdraw<'_> {
    const PURPOSE: Purpose = Purpose::WalletReserveWithdraw;

    fn body(&self) -> Vec<u8> {
        let h_planchets = hash::sha512_all(self.h_coin_evs.iter().map(AsRef::as_ref));
        [
            &self.value[..],
            &self.fee,
            h_planchets.as_ref(),
            // No seed for Clause-Schnorr, no highest age, no age groups.
            ShortHash::ZERO.as_ref(),
            &0_u32.to_be_bytes(),
            &0_u32.to_be_bytes(),
        ]
        .concat()
    }
}

/// A coin is changed into others; signed with the coin's key. The same since 2022.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoinMelt {
    /// What is to come of it.
    pub commitment: HashCode,
    /// The coin's denomination.
    pub h_denom: HashCode,
    /// How old the coin's owner may be, if the coin tells.
    pub h_age_commitment: Option<ShortHash>,
    /// What is taken off the coin, all fees included.
    pub value_with_fee: AmountBytes,
    /// What changing a coin of the denomination costs.
    pub fee_refresh: AmountBytes,
}

impl Statement for CoinMelt {
    const PURPOSE: Purpose = Purpose::WalletCoinMelt;

    fn body(&self) -> Vec<u8> {
        [
            self.commitment.as_ref(),
            self.h_denom.as_ref(),
            self.h_age_commitment.unwrap_or(ShortHash::ZERO).as_ref(),
            &self.value_with_fee,
            &self.fee_refresh,
        ]
        .concat()
    }
}

/// A coin's owner names one of the coins that come of it; signed with the key of the old coin. Up to
/// protocol 25.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoinLink {
    /// The new coin's denomination.
    pub h_denom: HashCode,
    /// The transfer key that is not revealed.
    pub transfer_pub: Bytes<32>,
    /// The new coin, blinded.
    pub h_coin_ev: HashCode,
}

impl Statement for CoinLink {
    const PURPOSE: Purpose = Purpose::WalletCoinLink;

    fn body(&self) -> Vec<u8> {
        [
            self.h_denom.as_ref(),
            self.transfer_pub.as_ref(),
            // Would be an age commitment, and never is, with ages neither.
            ShortHash::ZERO.as_ref(),
            self.h_coin_ev.as_ref(),
        ]
        .concat()
    }
}

/// A coin's owner asks for the coin's history; signed with the coin's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoinHistory {
    /// Only what comes after this entry; 0 for all.
    pub start: u64,
}

impl Statement for CoinHistory {
    const PURPOSE: Purpose = Purpose::WalletCoinHistory;

    fn body(&self) -> Vec<u8> {
        self.start.to_be_bytes().to_vec()
    }
}

/// A coin's owner has at least this age; signed with the key of an age group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgeAttestation {
    /// Which age groups the denomination has.
    pub age_mask: u32,
    /// The age that the contract demands, in years.
    pub age: u32,
}

impl Statement for AgeAttestation {
    const PURPOSE: Purpose = Purpose::WalletAgeAttestation;

    fn body(&self) -> Vec<u8> {
        [self.age_mask.to_be_bytes(), self.age.to_be_bytes()].concat()
    }
}

/// A token is used in a contract; signed with the token's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenUse {
    /// The contract.
    pub h_contract: HashCode,
    /// The data that the wallet sends with the payment, if any.
    pub wallet_data_hash: Option<HashCode>,
}

impl Statement for TokenUse {
    const PURPOSE: Purpose = Purpose::WalletTokenUse;

    fn body(&self) -> Vec<u8> {
        let wallet_data_hash = self.wallet_data_hash.unwrap_or(HashCode::ZERO);
        [self.h_contract.as_ref(), wallet_data_hash.as_ref()].concat()
    }
}

/// A wallet gives a claimed order back; signed with the key that it claimed the order with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderUnclaim {
    /// The contract.
    pub h_contract: HashCode,
}

impl Statement for OrderUnclaim {
    const PURPOSE: Purpose = Purpose::WalletOrderUnclaim;

    fn body(&self) -> Vec<u8> {
        self.h_contract.as_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::super::message;
    use super::super::tests::{holds, is_outdated};
    use super::*;
    use crate::canonical;
    use crate::kdf;
    use crate::vectors;

    #[test]
    fn every_vector_of_deposits_holds() {
        let file = include_str!("../../tests/vectors/deposit_permission.json");
        vectors::each(file, 24, |entry| {
            entry.of_the_only_kind();
            let permission = DepositPermission {
                h_contract: entry.bytes("h_contract_terms"),
                h_age_commitment: Some(entry.bytes("h_age_commitment")),
                h_policy: Some(entry.bytes("h_policy")),
                h_wire: entry.bytes("h_wire"),
                h_denom: entry.bytes("h_denom_pub"),
                timestamp_us: entry.micros("timestamp"),
                refund_deadline_us: entry.micros("refund_deadline"),
                contribution: entry.amount("contribution"),
                deposit_fee: entry.amount("fee_deposit"),
                merchant_pub: entry.read("merchant_pub"),
                wallet_data_hash: entry.read("wallet_data_hash"),
            };
            match entry.text("layout") {
                "current" => holds(entry, &permission, "coin", "coin_sig"),
                "2022" => {
                    let body = permission.body();
                    let (body, wallet_data) = body.split_at(body.len().checked_sub(64).unwrap());
                    assert_eq!(wallet_data, [0; 64], "{}", entry.id());
                    is_outdated(entry, &permission, body, ("coin", "coin_sig"));
                }
                _ => entry.unknown(),
            }
            hashes_agree(entry);
        });
    }

    /// Tests the hashes of a deposit whose sources the entry gives.
    fn hashes_agree(entry: &vectors::Entry) {
        if let Some(keys) = entry.read::<Option<Vec<PublicKey>>>("age_commitment_keys") {
            let hash = hash::shorten(&hash::sha512_all(keys.iter().map(AsRef::as_ref)));
            assert_eq!(hash, entry.bytes("h_age_commitment"), "{}", entry.id());
        }
        if !entry.get("wallet_data").is_null() {
            let hash = canonical::json_hash(entry.get("wallet_data"));
            assert_eq!(hash, Ok(entry.bytes("wallet_data_hash")), "{}", entry.id());
        }
        if !entry.get("policy").is_null() {
            let text = canonical::canonical(entry.get("policy")).unwrap() + "\0";
            let hash = kdf::hkdf(b"taler-extensions-policy\0", text.as_bytes(), b"");
            assert_eq!(HashCode::new(hash), entry.bytes("h_policy"), "{}", entry.id());
        }
    }

    #[test]
    fn layouts_without_vectors_have_the_size_that_is_written() {
        fn size<S: Statement>(statement: &S) -> usize {
            message(S::PURPOSE.number(), &statement.body()).len()
        }
        let hash = HashCode::ZERO;
        let withdraw = ReserveWithdraw { amount_with_fee: [0; 24], h_denom: hash, h_coin_ev: hash };
        assert_eq!(size(&withdraw), 160);
        let batch = BatchWithdraw { value: [0; 24], fee: [0; 24], h_coin_evs: &[hash] };
        assert_eq!(size(&batch), 160);
        assert_eq!(size(&AgeAttestation { age_mask: 1, age: 18 }), 16);
        assert_eq!(size(&TokenUse { h_contract: hash, wallet_data_hash: None }), 136);
        assert_eq!(size(&OrderUnclaim { h_contract: hash }), 72);
    }
}
