UPDATE orders SET terms = :terms WHERE serial = :order_serial
