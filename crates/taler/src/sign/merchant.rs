//! What the merchant signs, with the key of the instance (crypto 6).

use super::{AmountBytes, PublicKey, Purpose, Statement};
use crate::base32::HashCode;

/// The merchant offers a contract: the answer to a claim, and part of every deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContractOffer {
    /// The contract.
    pub h_contract: HashCode,
}

impl Statement for ContractOffer {
    const PURPOSE: Purpose = Purpose::MerchantContract;

    fn body(&self) -> Vec<u8> {
        self.h_contract.as_bytes().to_vec()
    }
}

/// The merchant confirms that a contract is paid: the wallet's receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentOk {
    /// The contract.
    pub h_contract: HashCode,
}

impl Statement for PaymentOk {
    const PURPOSE: Purpose = Purpose::MerchantPaymentOk;

    fn body(&self) -> Vec<u8> {
        self.h_contract.as_bytes().to_vec()
    }
}

/// The merchant asks the exchange to refund a coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// The contract that the coin paid for.
    pub h_contract: HashCode,
    /// The coin.
    pub coin_pub: PublicKey,
    /// Tells refunds of the same coin apart. Repeating one with the same amount changes nothing.
    pub rtransaction_id: u64,
    /// What is taken back, the refund fee included.
    pub amount: AmountBytes,
}

impl Statement for RefundRequest {
    const PURPOSE: Purpose = Purpose::MerchantRefund;

    fn body(&self) -> Vec<u8> {
        [
            self.h_contract.as_ref(),
            self.coin_pub.as_ref(),
            &self.rtransaction_id.to_be_bytes(),
            &self.amount,
        ]
        .concat()
    }
}

/// The merchant asks the exchange for the state of a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositQuestion {
    /// The contract that was paid.
    pub h_contract: HashCode,
    /// The merchant's account.
    pub h_wire: HashCode,
    /// The coin.
    pub coin_pub: PublicKey,
}

impl Statement for DepositQuestion {
    const PURPOSE: Purpose = Purpose::MerchantTrackTransaction;

    fn body(&self) -> Vec<u8> {
        [self.h_contract.as_ref(), self.h_wire.as_ref(), self.coin_pub.as_ref()].concat()
    }
}

/// The merchant asks how far the exchange knows who owns its account. There are no fields: the
/// account is in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KycQuestion;

impl Statement for KycQuestion {
    const PURPOSE: Purpose = Purpose::KycAuth;

    fn body(&self) -> Vec<u8> {
        Vec::new()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{holds, is_outdated};
    use super::super::{SigningKey, message};
    use super::*;
    use crate::contract;
    use crate::sign::exchange::RefundConfirmation;
    use crate::vectors;

    #[test]
    fn every_vector_of_contract_signatures_holds() {
        let file = include_str!("../../tests/vectors/merchant_contract_sig.json");
        vectors::each(file, 17, |entry| {
            entry.of_the_only_kind();
            let h_contract = entry.bytes("h_contract_terms");
            holds(entry, &ContractOffer { h_contract }, "merchant", "merchant_sig");
            if !entry.get("contract").is_null() {
                let hash = contract::contract_hash(entry.get("contract"));
                assert_eq!(hash, Ok(h_contract), "{}", entry.id());
            }
        });
    }

    #[test]
    fn every_vector_of_receipts_holds() {
        let file = include_str!("../../tests/vectors/payment_ok_sig.json");
        vectors::each(file, 12, |entry| {
            entry.of_the_only_kind();
            let h_contract = entry.bytes("h_contract_terms");
            holds(entry, &PaymentOk { h_contract }, "merchant", "sig");
        });
    }

    #[test]
    fn every_vector_of_refunds_holds() {
        vectors::each(include_str!("../../tests/vectors/refund_sig.json"), 21, |entry| {
            let request = RefundRequest {
                h_contract: entry.bytes("h_contract_terms"),
                coin_pub: entry.read("coin_pub"),
                rtransaction_id: entry.number("rtransaction_id"),
                amount: entry.amount("refund_amount"),
            };
            match entry.text("op") {
                "refund_request" => holds(entry, &request, "merchant", "merchant_sig"),
                "refund_confirmation" => {
                    let RefundRequest { h_contract, coin_pub, rtransaction_id, amount } = request;
                    let merchant_pub = entry.read("merchant_pub");
                    let confirmation = RefundConfirmation {
                        h_contract,
                        coin_pub,
                        merchant_pub,
                        rtransaction_id,
                        amount,
                    };
                    holds(entry, &confirmation, "exchange", "exchange_sig");
                }
                _ => entry.unknown(),
            }
        });
    }

    /// Tests the entries of `deposit_confirmation.json` that merchants sign.
    pub(in crate::sign) fn tracks(entry: &vectors::Entry) {
        let question = DepositQuestion {
            h_contract: entry.bytes("h_contract_terms"),
            h_wire: entry.bytes("h_wire"),
            coin_pub: entry.read("coin_pub"),
        };
        match entry.text("layout") {
            "current" => holds(entry, &question, "merchant", "merchant_sig"),
            "2022 wallet" => {
                let merchant_pub: PublicKey = entry.read("merchant_pub");
                let body = question.body();
                let (hashes, coin) = body.split_at(128);
                let body = [hashes, merchant_pub.as_ref(), coin].concat();
                is_outdated(entry, &question, &body, ("merchant", "merchant_sig"));
            }
            _ => entry.unknown(),
        }
    }

    #[test]
    fn the_question_about_identity_is_a_bare_header() {
        let text = message(KycQuestion::PURPOSE.number(), &KycQuestion.body());
        assert_eq!(text, [0, 0, 0, 8, 0, 0, 5, 0x50]);
        let key = SigningKey::from_seed([1; 32]);
        assert!(KycQuestion.verify(&key.public_key(), &KycQuestion.sign(&key)));
    }
}
