UPDATE orders SET terms = :terms, logo_serial = :logo_serial, logo_at = :logo_at
WHERE serial = :order_serial
