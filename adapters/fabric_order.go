package adapters

import "github.com/polycart/polycart/cartcore"

// What fabric does with a cart as a whole: a guest's is merged into the user's, and a cart that was ordered is deleted.

// fabricMerge reads which guest's cart comes into the user's own.
func fabricMerge(call *Call) *cartcore.Error {
	call.Command = &cartcore.Command{Verb: cartcore.Merge, Begin: true}
	if err := fabricCaller(call); err != nil {
		return err
	}
	call.Credentials.Need = cartcore.NeedCustomer
	found, err := fabricBody(call)
	if err != nil {
		return err
	}
	guest, problem := fabricText(found, "guestCartId")
	if problem != nil {
		return cartcore.RefuseField(*problem)
	}
	call.Credentials.Guest = guest
	return nil
}

// fabricClose reads the number of the order that the cart has become.
func fabricClose(call *Call) *cartcore.Error {
	call.Command = &cartcore.Command{Verb: cartcore.Close, NeedsCart: true}
	if err := fabricCaller(call); err != nil {
		return err
	}
	found, err := fabricBody(call)
	if err != nil {
		return err
	}
	fabricCartNamed(call, pathText(call, "cartId"))
	order, problem := fabricText(found, "orderNumber")
	if problem != nil {
		return cartcore.RefuseField(*problem)
	}
	call.Command.Order = order
	return nil
}

// fabricText reads a string that must be there. What is wrong is told without the value, which may name somebody's cart.
func fabricText(found map[string]rawJSON, name string) (string, *cartcore.FieldError) {
	value, problem := text(found, name)
	if problem != nil {
		problem.Value = ""
	}
	return value, problem
}
