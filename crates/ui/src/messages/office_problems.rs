//! The back office: why something did not work.

macro_rules! office_problems_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            no_amount: "Please type an amount like 12.50, above zero and without marks between thousands.",
                "Bitte einen Betrag wie 12,50 eingeben, größer als null und ohne Punkte zwischen den Tausendern.";
            amount_too_fine: "This currency has at most {} digits after the decimal mark; please leave out marks between thousands.",
                "Diese Währung hat höchstens {} Nachkommastellen; bitte keine Punkte zwischen den Tausendern.";
            reason_needed: "Please give a reason for the books.", "Bitte geben Sie für die Bücher einen Grund an.";
            text_needed: "Please say what is bought.", "Bitte sagen Sie, was gekauft wird.";
            method_needed: "Please say how it was paid.", "Bitte sagen Sie, wie bezahlt wurde.";
            too_long: "This text is too long.", "Dieser Text ist zu lang.";
            no_url: "Please type a whole address that begins with https://.", "Bitte eine ganze Adresse eingeben, die mit https:// beginnt.";
            no_count: "Please type a whole number.", "Bitte eine ganze Zahl eingeben.";
            refunded_meanwhile: "The refunds of this order were changed meanwhile, perhaps by this very form. Nothing was done now; please look at the history and try again if need be.",
                "Die Erstattungen dieser Bestellung haben sich inzwischen geändert, vielleicht durch eben dieses Formular. Jetzt wurde nichts getan; bitte sehen Sie im Verlauf nach und versuchen Sie es nötigenfalls noch einmal.";
            already_paid: "The order is paid already, in another way.", "Die Bestellung ist schon bezahlt, auf andere Weise.";
            awaiting_payment: "A wallet has claimed this order and may still pay it. Tick the box to delete it anyway.",
                "Eine Wallet hat diese Bestellung übernommen und kann sie noch bezahlen. Mit dem Häkchen wird sie trotzdem gelöscht.";
            must_be_kept: "Money was paid for this order, so it must be kept for the books.",
                "Für diese Bestellung ist Geld geflossen, darum muss sie für die Bücher bleiben.";
            refund_of_unpaid: "The order is not paid, so there is nothing to give back.",
                "Die Bestellung ist nicht bezahlt, es gibt also nichts zu erstatten.";
            refund_not_allowed: "This order was sold without the possibility of refunds.",
                "Diese Bestellung wurde ohne die Möglichkeit der Erstattung verkauft.";
            refund_too_late: "The time for refunds of this order is over.", "Die Zeit für Erstattungen dieser Bestellung ist vorbei.";
            refund_inconsistent: "All refunds together cannot be more than the price.",
                "Alle Erstattungen zusammen können nicht mehr als der Preis sein.";
            refund_below_fee: "The exchange's fee for this refund would be higher than the refund.",
                "Die Gebühr des Exchange für diese Erstattung wäre höher als die Erstattung.";
            no_account: "The shop has no bank account in use. Please add one first.",
                "Der Laden hat kein benutztes Bankkonto, auf das das Geld gehen könnte. Bitte legen Sie zuerst eines an.";
            no_exchange: "No exchange that this till trusts can pay the shop's account in this currency.",
                "Kein Exchange, dem diese Kasse traut, kann in dieser Währung auf das Konto des Ladens auszahlen.";
            unknown_currency: "This till does not know the currency.", "Diese Kasse kennt die Währung nicht.";
            pay_deadline_past: "The time to pay would be over already.", "Die Zeit zum Bezahlen wäre schon vorbei.";
            deadlines_clash: "The refund deadline does not fit the other deadlines of the order.",
                "Die Zeit für Erstattungen passt nicht zu den anderen Zeiten der Bestellung.";
        }
    };
}
