//! The back office: the shops of the daemon.

macro_rules! instances_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            tab_instances: "Shops", "Läden";
            instances_hint: "Several shops can share this till. Each sees only its own orders, accounts and tokens.",
                "Mehrere Läden können diese Kasse teilen. Jeder sieht nur seine eigenen Bestellungen, Konten und Zugänge.";
            instance_deleted: "deleted", "gelöscht";
            new_instance: "New shop", "Neuer Laden";
            instance_name: "Name", "Name";
            instance_name_hint: "Customers see it", "Die Kunden sehen ihn";
            name_needed: "Please say what the shop is called.", "Bitte sagen Sie, wie der Laden heißt.";
            instance_id: "Short name", "Kurzname";
            instance_id_hint: "Part of addresses: letters, digits, dots, underscores, @ and hyphens", "Steht in Adressen: Buchstaben, Ziffern, Punkte, Unterstriche, @ und Bindestriche";
            no_instance_id: "A short name has 2 to 64 letters, digits, dots, underscores, @ or hyphens, and begins with a letter or digit.",
                "Ein Kurzname hat 2 bis 64 Buchstaben (ohne Umlaute), Ziffern, Punkte, Unterstriche, @ oder Bindestriche und beginnt mit einem Buchstaben oder einer Ziffer.";
            instance_password_hint: "With it the shopkeeper signs in; at least 8 characters", "Damit meldet sich der Inhaber an; mindestens 8 Zeichen";
            make_instance: "Create the shop", "Laden anlegen";
            purge_first: "A deleted shop has this name. Delete its history first.", "Ein gelöschter Laden hat diesen Namen. Löschen Sie zuerst seine Geschichte.";
            instance_is_own: "This shop manages the others and cannot be deleted here.", "Dieser Laden verwaltet die anderen und kann hier nicht gelöscht werden.";
            delete_instance: "Delete this shop", "Diesen Laden löschen";
            delete_instance_hint: "It can no longer sell, and nobody can sign in there. Its history stays for the books.",
                "Er kann nichts mehr verkaufen, und niemand kann sich dort anmelden. Seine Geschichte bleibt für die Bücher.";
            purge_instance: "Delete its history, too", "Auch seine Geschichte löschen";
            purge_instance_hint: "All its orders, payments and refunds are deleted permanently.", "Alle seine Bestellungen, Zahlungen und Erstattungen verschwinden endgültig.";
            delete_before_purge: "Delete the shop first.", "Löschen Sie zuerst den Laden.";
            instance_unfinished: "Payments of this shop are unfinished: coins that their exchange has not confirmed: {}; part-paid orders: {}; refunds that were not collected: {}. You can delete it anyway: all of that is then given back to the customers, and the shop's key is kept until the last refund is answered.",
                "Zahlungen dieses Ladens sind noch offen: Münzen, die ihr Exchange nicht bestätigt hat: {}; teilweise bezahlte Bestellungen: {}; nicht abgeholte Erstattungen: {}. Sie können ihn trotzdem löschen: Das alles geht dann an die Kunden zurück, und der Schlüssel des Ladens bleibt, bis die letzte Erstattung beantwortet ist.";
            delete_unfinished: "Delete it although payments are unfinished", "Löschen, obwohl Zahlungen offen sind";
            said_going: "Deleted. Its last refunds are being sent; then the rest is deleted automatically.", "Gelöscht. Die letzten Erstattungen werden noch gesendet; dann verschwindet der Rest von selbst.";
            type_instance_id: "Type the short name to confirm", "Zur Bestätigung den Kurznamen eingeben";
            confirm_differs: "This is not the short name of the shop.", "Das ist nicht der Kurzname des Ladens.";
            reset_password: "Set a new password", "Neues Passwort setzen";
            reset_password_hint: "For a shopkeeper who has lost it. All browsers signed in there have to sign in again. Tokens of programs and devices stay valid.",
                "Für einen Inhaber, der es verloren hat. Wer dort angemeldet ist, muss sich neu anmelden. Zugänge von Programmen und Geräten gelten weiter.";
            own_password: "Your own password", "Ihr eigenes Passwort";
            own_password_hint: "Asked for so that no other person takes over a shop in your unattended browser",
                "Gefragt wird danach, damit niemand an einem verlassenen Platz einen Laden übernimmt";
            said_password_reset: "The shop has a new password.", "Der Laden hat ein neues Passwort.";
        }
    };
}
