//! The back office: details of the shop.

macro_rules! details_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            tab_details: "Details", "Angaben";
            details_title: "Details of the shop", "Angaben zum Laden";
            details_hint: "Part of every contract from now on; customers and authorities may read it. All but the name may stay empty.",
                "Steht von nun an in jedem Vertrag; Kunden und Behörden können es lesen. Alles bis auf den Namen darf leer bleiben.";
            email: "E-mail", "E-Mail";
            phone: "Telephone", "Telefon";
            website: "Web site", "Webseite";
            website_hint: "Like https://shop.example/", "Wie https://laden.example/";
            address: "Address", "Adresse";
            street: "Street", "Straße";
            building_number: "Number", "Hausnummer";
            post_code: "Post code", "Postleitzahl";
            town: "Town", "Ort";
            country: "Country", "Land";
            country_subdivision: "State or canton", "Bundesland oder Kanton";
            jurisdiction: "Jurisdiction", "Gerichtsstand";
            jurisdiction_hint: "Where a quarrel with the shop would be settled", "Wo über einen Streit mit dem Laden entschieden würde";
            no_email: "This is no e-mail address.", "Das ist keine E-Mail-Adresse.";
            no_website: "Please type a whole web address that begins with https:// or http://.",
                "Bitte eine ganze Webadresse eingeben, die mit https:// oder http:// beginnt.";
        }
    };
}
