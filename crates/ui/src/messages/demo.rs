//! The demo shop: every page.

macro_rules! demo_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            demo_shop: "The demo shop", "Der Demo-Laden";
            demo_title: "{}: the demo shop", "{}: der Demo-Laden";
            demo_play_money: "All money here is play money. Nothing costs or is worth anything.",
                "All das ist Spielgeld. Nichts hier kostet etwas oder ist etwas wert.";
            demo_what: "A shop to try tilld with, a till for GNU Taler. It speaks with the till over its public API, as your shop would.",
                "Ein Laden, um tilld auszuprobieren, eine Kasse für GNU Taler. Er spricht mit ihr über ihre öffentliche Schnittstelle, wie Ihr Laden es täte.";
            demo_back: "Back to the shop", "Zurück zum Laden";
            demo_qr: "QR code for a wallet", "QR-Code für eine Wallet";
            demo_open_wallet: "Open in a wallet on this device", "In einer Wallet auf diesem Gerät öffnen";
            demo_waiting: "Waiting for your wallet …", "Wir warten auf Ihre Wallet …";
            demo_moment: "One moment: the play-money exchange is still creating its keys. This page tries again by itself.",
                "Einen Augenblick: der Spielgeld-Exchange macht noch seine Schlüssel. Diese Seite sieht von selbst wieder nach.";
            demo_balance: "The demo wallet has {}.", "In der Demo-Wallet sind {}.";
            demo_balance_empty: "The demo wallet is empty.", "Die Demo-Wallet ist leer.";
            demo_balance_expected: "{} more on the way.", "{} mehr sind unterwegs.";
            demo_fees: "The exchange takes small fees, as real ones may: a purchase takes a little more out of the wallet than its price.",
                "Der Exchange nimmt kleine Gebühren, wie es echte tun können: ein Kauf nimmt etwas mehr aus der Wallet, als er kostet.";
            demo_office: "Be the shopkeeper: the back office of this shop. The password was printed where the demo was started.",
                "Seien Sie der Inhaber: die Verwaltung dieses Ladens. Das Passwort steht dort, wo die Demo gestartet wurde.";
            demo_pay: "Pay with the demo wallet", "Mit der Demo-Wallet bezahlen";
        }
    };
}
