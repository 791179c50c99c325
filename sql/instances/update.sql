UPDATE instances
SET name = :name, email = :email, phone_number = :phone_number, website = :website, logo = :logo,
    address = :address, jurisdiction = :jurisdiction, use_stefan = :use_stefan,
    default_pay_delay_us = :default_pay_delay_us,
    default_refund_delay_us = :default_refund_delay_us,
    default_wire_transfer_delay_us = :default_wire_transfer_delay_us,
    wire_transfer_rounding = :wire_transfer_rounding, time_zone = :time_zone,
    day_end_hour = :day_end_hour
WHERE serial = :serial
