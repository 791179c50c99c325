//! What a shop's statistics count, and the times by which they do (settlement 8).

/// What is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Statistic {
    /// What coins paid, without deposit fees.
    Deposited,
    /// What was paid outside of Taler.
    PaidAtCounter,
    /// Refunds, whenever their orders were paid.
    Refunded,
    /// What exchanges kept for transfers.
    WireFees,
    /// What exchanges kept for deposits that they have wired.
    DepositFees,
    /// Orders that were made and are still there.
    Created,
    /// Orders that wallets have claimed.
    Claimed,
    /// Orders that were paid, with coins or without.
    Paid,
    /// Orders whose money was wired.
    Settled,
}

impl Statistic {
    /// Those that are amounts, with their names.
    pub const AMOUNTS: &[(&'static str, Self)] = &[
        ("payments-received-after-deposit-fee", Self::Deposited),
        ("payments-received-at-counter", Self::PaidAtCounter),
        ("refunds-granted", Self::Refunded),
        ("total-wire-fees-paid", Self::WireFees),
        ("total-deposit-fees-paid", Self::DepositFees),
    ];

    /// Those that are numbers, with their names.
    pub const COUNTERS: &[(&'static str, Self)] = &[
        ("orders-created", Self::Created),
        ("orders-claimed", Self::Claimed),
        ("orders-paid", Self::Paid),
        ("orders-settled", Self::Settled),
        ("payments-received-at-counter", Self::PaidAtCounter),
        ("refunds-granted", Self::Refunded),
    ];

    /// The one called so in this list.
    pub fn find(list: &[(&'static str, Self)], name: &str) -> Option<Self> {
        list.iter().find(|(known, _)| *known == name).map(|row| row.1)
    }
}
