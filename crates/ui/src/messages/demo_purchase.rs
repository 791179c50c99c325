//! The demo shop: what was bought.

macro_rules! demo_purchase_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            demo_over: "The time to pay for this order is over. Please take it from the shelf again.",
                "Die Zeit zum Bezahlen dieser Bestellung ist um. Bitte nehmen Sie es noch einmal aus dem Regal.";
            demo_is_paid: "It is paid. Thank you!", "Es ist bezahlt. Vielen Dank!";
            demo_take: "Take what you have bought", "Mitnehmen, was Sie gekauft haben";
            demo_is_yours: "It is yours.", "Es gehört Ihnen.";
            demo_refund_waiting: "The shop gives you some of it back. Your wallet collects it:",
                "Der Laden gibt Ihnen etwas davon zurück. Ihre Wallet holt es ab:";
            demo_collect: "Collect with the demo wallet", "Mit der Demo-Wallet abholen";
            demo_went_back: "{} of it went back to your wallet.", "{} davon gingen an Ihre Wallet zurück.";
            demo_shopkeeper: "Not quite what you wanted? In this shop you can even be the shopkeeper:",
                "Nicht ganz das, was Sie wollten? In diesem Laden können Sie sogar der Inhaber sein:";
            demo_refund: "Refund half", "Die Hälfte erstatten";
        }
    };
}
