//! The bank accounts from which an exchange pays shops, and whom it can pay (crypto 14.1).
//!
//! An account may be bound to pay only accounts of a certain look, such as those of one country.
//! The rule is a pattern that comes from the exchange: its size is limited, and so is the time to
//! search with it, which is linear in the text.

use regex_lite::{Regex, RegexBuilder};

use super::answer;
use crate::payto::Payto;

/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 4096;
/// Most memory that a pattern may take when it is made ready, in bytes.
const MAX_COMPILED: usize = 256 * 1024;

/// A bank account of an exchange, signed by its master key.
#[derive(Clone, Debug)]
pub struct WireAccount {
    /// The account.
    pub payto: Payto,
    /// Where money is converted on its way, if it is.
    pub conversion_url: Option<String>,
    /// How the exchange ranks its accounts for people who send it money: more is better.
    pub priority: i64,
    /// What to call the bank.
    pub bank_label: Option<String>,
    /// Whom it may pay.
    debits: Vec<Restriction>,
    /// Who may pay to it.
    credits: Vec<Restriction>,
}

impl WireAccount {
    /// The account of `answer`, which is `payto`.
    pub(super) fn new(payto: Payto, answer: answer::Account<'_>) -> Self {
        let restrictions = |list: &[serde_json::Value]| list.iter().map(Restriction::of).collect();
        Self {
            payto,
            debits: restrictions(&answer.debit_restrictions),
            credits: restrictions(&answer.credit_restrictions),
            conversion_url: answer.conversion_url.map(Into::into),
            priority: answer.priority.unwrap_or_default(),
            bank_label: answer.bank_label.map(Into::into),
        }
    }

    /// Whether money can go from here to `shop`: both are of one wire method, and no restriction is
    /// against it.
    pub fn may_pay(&self, shop: &Payto) -> bool {
        allows(&self.debits, &self.payto, shop)
    }

    /// Whether money can come to here from `customer`.
    pub fn may_be_paid_by(&self, customer: &Payto) -> bool {
        allows(&self.credits, &self.payto, customer)
    }
}

fn allows(restrictions: &[Restriction], own: &Payto, other: &Payto) -> bool {
    let text = other.normalized();
    own.wire_method() == other.wire_method()
        && restrictions.iter().all(|restriction| match restriction {
            Restriction::Nobody => false,
            Restriction::Like(pattern) => pattern.is_match(&text),
        })
}

/// Which other accounts an account may deal with.
#[derive(Clone, Debug)]
enum Restriction {
    /// None. What we cannot read counts as this: money that might not arrive is no offer.
    Nobody,
    /// Those in whose normalised address this is found.
    Like(Regex),
}

impl Restriction {
    fn of(value: &serde_json::Value) -> Self {
        let member = |name| value.get(name).and_then(serde_json::Value::as_str);
        match (member("type"), member("payto_regex")) {
            (Some("regex"), Some(text)) if text.len() <= MAX_PATTERN => {
                let pattern = RegexBuilder::new(text).size_limit(MAX_COMPILED).build();
                pattern.map_or(Self::Nobody, Self::Like)
            }
            _ => Self::Nobody,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const GERMAN: &str = "payto://iban/SOGEDEFFXXX/DE75512108001245126199?receiver-name=A";
    const SWISS: &str = "payto://iban/CH9300762011623852957?receiver-name=A";

    fn account(payto: &str, debits: &Value) -> WireAccount {
        let text = json!({
            "payto_uri": payto,
            "debit_restrictions": debits,
            "credit_restrictions": [{ "type": "deny" }],
            "master_sig": crate::sign::Signature::new([0; 64]),
        })
        .to_string();
        let answer: answer::Account<'_> = serde_json::from_str(&text).unwrap();
        WireAccount::new(Payto::parse(payto).unwrap(), answer)
    }

    fn pays(payto: &str, debits: &Value) -> [bool; 2] {
        let account = account(payto, debits);
        [GERMAN, SWISS].map(|shop| account.may_pay(&Payto::parse(shop).unwrap()))
    }

    #[test]
    fn an_account_pays_whom_all_its_restrictions_allow() {
        let like =
            |pattern: &str| json!({ "type": "regex", "payto_regex": pattern, "human_hint": "" });
        for (debits, expected) in [
            (json!([]), [true, true]),
            (json!([{ "type": "deny" }]), [false, false]),
            // The bank's code and the holder are not in the normalised address.
            (json!([like("^payto://iban/DE[0-9]+$")]), [true, false]),
            (json!([like("payto://iban/CH")]), [false, true]),
            (json!([like("^payto://iban/[[:upper:]]{2}[[:digit:]]*$")]), [true, true]),
            (json!([like("iban"), like("DE")]), [true, false]),
            (json!([like("DE"), { "type": "deny" }]), [false, false]),
            // What cannot be read allows nobody.
            (json!([{ "type": "moon" }]), [false, false]),
            (json!(["deny"]), [false, false]),
            (json!([like("(")]), [false, false]),
            (json!([like("(((a{100}){100}){100})*")]), [false, false]),
            (json!([like(&"a?".repeat(3000))]), [false, false]),
            (json!([{ "type": "regex" }]), [false, false]),
        ] {
            assert_eq!(pays(SWISS, &debits), expected, "{debits}");
        }
    }

    #[test]
    fn an_account_pays_within_its_wire_method_and_each_direction_has_its_own_rules() {
        let bank = "payto://x-taler-bank/bank.example/exchange?receiver-name=E";
        assert_eq!(pays(bank, &json!([])), [false, false]);
        assert!(account(bank, &json!([])).may_pay(&Payto::parse(bank).unwrap()));
        assert!(!account(bank, &json!([])).may_be_paid_by(&Payto::parse(bank).unwrap()));
    }
}
