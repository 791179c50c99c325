//! The demo shop: why something did not work.

macro_rules! demo_problems_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            demo_problem_title: "Something is wrong", "Etwas stimmt nicht";
            demo_problem: "That did not work", "Das ging nicht";
            demo_to_shop: "To the shop", "Zum Laden";
            demo_not_here: "There is no such page in this shop.", "Eine solche Seite gibt es in diesem Laden nicht.";
            demo_method: "This page does not support this method.", "Diese Seite will anders gefragt werden.";
            demo_form: "This form is not complete. Please go back and try again.",
                "Dieses Formular ist nicht vollständig. Bitte gehen Sie zurück und versuchen Sie es noch einmal.";
            demo_stranger: "This did not come from one of our own pages, or your visit has ended. Please go back to the shop and try again.",
                "Das kam von keiner unserer eigenen Seiten, oder Ihr Besuch ist zu Ende. Bitte gehen Sie zurück zum Laden und versuchen Sie es noch einmal.";
            demo_till: "The till does not answer as it should. Please try again.",
                "Die Kasse antwortet nicht, wie sie sollte. Bitte versuchen Sie es noch einmal.";
            demo_too_late: "This is no longer possible with this order.", "Das geht mit dieser Bestellung nicht mehr.";
            demo_late: "This takes too long. Please look again in a moment.",
                "Das dauert zu lange. Bitte sehen Sie gleich noch einmal nach.";
            demo_no_name: "The machine's random number generator failed. Please try again.",
                "Der Rechner hat keinen Zufall für Ihren Besuch. Bitte versuchen Sie es noch einmal.";
            demo_poor: "The demo wallet does not have enough money for {} and the fees. Please withdraw some first.",
                "Die Demo-Wallet hat nicht genug Geld für {} und die Gebühren. Bitte heben Sie zuerst etwas ab.";
            demo_no_coins: "There are no coins that make {}. Please try another amount.",
                "Es gibt keine Münzen, die {} ergeben. Bitte versuchen Sie einen anderen Betrag.";
            demo_busy: "The demo wallet is busy. Please try again.", "Die Demo-Wallet ist beschäftigt. Bitte versuchen Sie es noch einmal.";
            demo_expired: "The time to pay has passed.", "Die Zeit zum Bezahlen ist um.";
            demo_pending: "The payment is on its way. Please look again in a moment.",
                "Die Zahlung ist unterwegs. Bitte sehen Sie gleich noch einmal nach.";
            demo_wallet_failed: "The demo wallet could not do that.", "Die Demo-Wallet konnte das nicht.";
        }
    };
}
