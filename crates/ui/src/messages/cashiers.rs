//! The back office: cashiers.

macro_rules! cashiers_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            till_sales: "Sales", "Verkäufe";
            tab_cashiers: "Cashiers", "Kassenpersonal";
            cashiers_hint: "A cashier signs in with name and PIN, sells, and sees today's sales: nothing else of this back office.",
                "Wer an der Kasse arbeitet, meldet sich mit Namen und PIN an, verkauft und sieht die Verkäufe von heute: sonst nichts von dieser Verwaltung.";
            cashier_name: "Name", "Name";
            cashier_name_needed: "Please type a name of at most 80 characters.", "Bitte einen Namen mit höchstens 80 Zeichen eingeben.";
            cashier_name_taken: "There is a cashier of this name already.", "Diesen Namen gibt es schon.";
            too_many_cashiers: "There are as many cashiers as there can be. Remove one first.",
                "Mehr Kassenpersonal ist nicht möglich. Entfernen Sie zuerst jemanden.";
            pin: "PIN", "PIN";
            pin_hint: "4 to 12 digits", "4 bis 12 Ziffern";
            no_pin: "A PIN has 4 to 12 digits.", "Eine PIN hat 4 bis 12 Ziffern.";
            new_pin: "New PIN", "Neue PIN";
            wrong_pin: "This is not the PIN.", "Das ist nicht die PIN.";
            pin_locked: "Locked", "Gesperrt";
            locked_until: "Locked until", "Gesperrt bis";
            cashier_locked: "Too many wrong PINs. Please wait, or ask the owner for a new PIN.",
                "Zu viele falsche PINs. Bitte warten, oder sich eine neue PIN geben lassen.";
            new_cashier: "New cashier", "Neu an der Kasse";
            add_cashier: "Add", "Hinzufügen";
            remove_cashier: "Remove", "Entfernen";
            said_cashier_removed: "The cashier can sign in no more. The sales keep the name.",
                "Diese Anmeldung gibt es nicht mehr. An den Verkäufen bleibt der Name.";
            tills: "Tills", "Kassen";
            tills_hint: "PINs are taken in these browsers only.", "Nur in diesen Browsern gilt eine PIN.";
            make_till: "Make this browser a till", "Diesen Browser zur Kasse machen";
            till_password_hint: "The password of the shop: what you do here lasts until you take it back.",
                "Das Passwort des Ladens: es gilt, bis Sie es zurücknehmen.";
            remove_till: "Remove", "Entfernen";
            too_many_tills: "There are as many tills as there can be. Remove one first.",
                "Mehr Kassen sind nicht möglich. Entfernen Sie zuerst eine.";
            said_till_added: "Cashiers can sign in here now: sign out, and the names are there to choose.",
                "Hier kann sich das Kassenpersonal nun anmelden: melden Sie sich ab, dann stehen die Namen zur Wahl.";
            said_till_removed: "No PIN is taken in that browser any more.", "In diesem Browser gilt keine PIN mehr.";
            cashier_sign_in: "Sign in at the till", "An der Kasse anmelden";
            no_cashiers: "There is no cashier yet. The owner adds them in the back office.",
                "Es gibt noch kein Kassenpersonal. Angelegt wird es in der Verwaltung.";
            sign_in_as_owner: "Sign in with the shop's password", "Mit dem Passwort des Ladens anmelden";
        }
    };
}
